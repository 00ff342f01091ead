import { expect, test } from "vitest";
import { CodeLlamaError } from "../../../../lib/index.ts";
import { begin, finish, Unfinished } from "../../../../lib/prompt/steps.ts";
import { renderTemplate } from "../../../../lib/prompt/template.ts";

const messages = [{ role: "user", content: "hi" }] as const;
const input = { messages, bosText: "<s>", eosText: "</s>" };

/** Doubles `ns.a` a number of times. */
const doubled = (start: string, times: number, sum = "ns.a + ns.a") =>
  `{% set ns = namespace(a=${start}) %}{% for i in range(${times}) %}{% set ns.a = ${sum} %}{% endfor %}`;
/** Two equal texts that are not the same one. */
const twins = "{% set a = 'a' * 9000000 %}{% set b = 'a' * 9000000 %}";
const megabytes = doubled("'x y\\n'", 22);

const bombs: readonly (readonly [name: string, template: string])[] = [
  ["doubles a list", `${doubled("[1, 2, 3]", 40)}{{ ns.a | length }}`],
  ["doubles a text", `${doubled("'xx'", 60)}{{ ns.a | length }}`],
  ["doubles a text with ~", `${doubled("'xx'", 60, "ns.a ~ ns.a")}{{ ns.a | length }}`],
  ["doubles the user's text", `${doubled("messages[0].content", 60)}{{ ns.a | length }}`],
  ["doubles by *", `${doubled("'xx'", 60, "ns.a * 2")}{{ ns.a | length }}`],
  ["doubles by replacing", `${doubled("'xx'", 60, "ns.a | replace('x', 'xx')")}{{ ns.a }}`],
  ["doubles by joining", `${doubled("'xx'", 60, "[ns.a, ns.a] | join")}{{ ns.a }}`],
  ["doubles by formatting", `${doubled("'xx'", 60, "'%s%s' % (ns.a, ns.a)")}{{ ns.a }}`],
  ["doubles by a method", `${doubled("'xx'", 60, "'{}{}'.format(ns.a, ns.a)")}{{ ns.a }}`],
  ["doubles JSON", `${doubled("'\\\"'", 60, "ns.a | tojson")}{{ ns.a }}`],
  ["doubles repr", `${doubled("'\\\\'", 60, "[ns.a] | string")}{{ ns.a }}`],
  ["doubles tuples", `${doubled("(1,)", 60)}{{ ns.a | length }}`],
  ["nests lists", `${doubled("[1]", 100000, "[ns.a]")}{{ ns.a }}`],
  ["nests lists for JSON", `${doubled("[1]", 100000, "[ns.a]")}{{ ns.a | tojson }}`],
  [
    "compares nested lists",
    `${doubled("[1]", 50000, "[ns.a]")}{% set b = ns.a %}{{ [b] == [[b]] }}`,
  ],
  ["shows a tree", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ ns.a }}`],
  ["shows a tree as JSON", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ ns.a | tojson }}`],
  [
    "compares trees",
    `${doubled("[1]", 60, "[ns.a, ns.a]")}{% set b = ns.a %}${doubled("[1]", 60, "[ns.a, ns.a]")}{{ b == ns.a }}`,
  ],
  ["sorts trees", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ [ns.a, [ns.a, 1]] | sort }}`],
  ["formats keys without an end", `{% set a = '%(' * 1000000 %}{{ a % {} }}`],
  ["formats wide zeros", `{% set a = '%' ~ '0' * 1000000 %}{{ a % 1 }}`],
  ["formats braces without an end", `{% set a = '{:' * 1000000 %}{{ a.format(1) }}`],
  ["reads long numbers", `{% set a = '1' * 5000000 ~ 'x' %}{{ 1 + a | float(none) }}`],
  ["reads long integers", `{% set a = '1' * 5000000 %}{{ 1 + a | int(none) }}`],
  ["takes its variables for text", "{{ [1] * 2.5 }}"],
  ["raises the user's text", "{{ raise_exception(messages[0].content * 1000000) }}"],
  ["repeats a text", "{{ 'x' * 1000000000 }}"],
  ["repeats a list", "{{ [1] * 1000000000 }}"],
  [
    "repeats nothing",
    "{{ [] * 1000000000000 }}{{ '' * 1000000000000 }}{{ 'x' * 9007199254740991 }}",
  ],
  ["replaces nothing", `${megabytes}{{ ns.a | replace('', 'xxxxxxxxxxxxxxxx') | length }}`],
  [
    "replaces nothing by a method",
    `${megabytes}{{ ns.a.replace('', 'xxxxxxxxxxxxxxxx') | length }}`,
  ],
  ["replaces much", `${megabytes}{{ ns.a | replace('x', ns.a) }}`],
  ["splits", `${megabytes}{{ ns.a.split(' ') | length }}`],
  ["splits at blanks", `${megabytes}{{ ns.a.split() | length }}`],
  ["splits from the end", `${megabytes}{{ ns.a.rsplit('x') | length }}`],
  ["splits lines", `${megabytes}{{ ns.a.splitlines() | length }}`],
  ["counts", `${megabytes}{{ ns.a.count('x') }}`],
  ["lists characters", `${megabytes}{{ ns.a | list | length }}`],
  ["goes through characters", `${megabytes}{% for c in ns.a %}{% endfor %}`],
  ["reverses", `${megabytes}{{ ns.a[::-1] }}`],
  ["reverses by a filter", `${megabytes}{{ ns.a | reverse }}`],
  ["indents", `${megabytes}{{ ns.a | indent(1000000) }}`],
  ["indents by a text", `${megabytes}{{ ns.a | indent(ns.a) }}`],
  ["joins", `${megabytes}{{ range(10000) | join(ns.a) }}`],
  ["joins by a method", `${megabytes}{{ ns.a.join(['a'] * 10000) }}`],
  ["titles", `${megabytes}{% for i in range(50) %}{{ ns.a.title() | length }}{% endfor %}`],
  ["indents JSON", "{{ [[[[1]]]] | tojson(indent=1000000000) }}"],
  ["separates JSON", `${megabytes}{{ ([1] * 100000) | tojson(separators=(ns.a, ns.a)) }}`],
  ["pads", "{{ 'x'.ljust(10000000000) }}"],
  ["centers", "{{ 'x' | center(10000000000) }}"],
  ["fills with zeros", "{{ '1'.zfill(10000000000) }}"],
  ["formats widely", "{{ '%1000000000s' % 'x' }}"],
  ["formats numbers widely", "{{ '%0999999999d' % 5 }}{{ '{:>999999999}'.format(1) }}"],
  ["batches", "{{ [1] | batch(10000000000, 0) | list }}"],
  ["looks for a part that is nearly everywhere", `${twins}{{ a.rfind(a[:4500000] ~ 'b') }}`],
  ["splits at a part that is nearly everywhere", `${twins}{{ a.split('b' ~ a[:4500000]) }}`],
  ["compares long texts in a list", `${twins}{{ ([a] * 100000).count(b) }}`],
  ["compares long texts in a loop", `${twins}{% for i in range(100000) %}{{ a == b }}{% endfor %}`],
  ["looks for a long text in a list", `${twins}{{ b in [a] * 30000 and b in [b, a] * 30000 }}`],
  [
    "asks whether a long text changed",
    `${twins}{% for i in range(100000) %}{{ loop.changed([a, b][i % 2]) }}{% endfor %}`,
  ],
  ["sorts long texts", `${twins}{{ ([a, b] * 5000) | sort | length }}`],
  ["sorts long texts by their case", `${twins}{{ ([a, b] * 5000) | sort(case_sensitive=true) }}`],
  ["looks for the longest text", `${twins}{{ ([a, b] * 5000) | max | length }}`],
  [
    "keeps texts that it has joined",
    `${twins}{% set c = a ~ b %}{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set d = c ~ i %}{% if d.startswith('b') %}{% endif %}{% set ns.l = ns.l + [d] %}{% endfor %}`,
  ],
  [
    "uses long texts as keys",
    "{% set ns = namespace(l=[]) %}{% for i in range(3000) %}{% set ns.l = [ns.l, 'a' * 20000 ~ i] %}{{ ns.l | unique | list | length }}{% endfor %}",
  ],
  [
    "goes down a path of dots",
    "{% set a = '.' * 9000000 %}{{ [1] | map(attribute=a ~ a ~ a) | list }}",
  ],
  ["shows many dates", "{{ strftime_now('%c' * 300000) | length }}"],
  ["formats many names", "{{ ('%(a)s' * 1500000) % {'a': 1} }}"],
  ["formats many braces", "{{ ('{0}' * 3000000).format(1) }}"],
  ["strips many characters", `${twins}{{ 'x'.strip(a ~ b) }}`],
  ["trims many characters", `${twins}{{ 'x' | trim(a ~ b) }}`],
  [
    "cuts off for a long end",
    `${twins}{% for i in range(9999) %}{{ 'abc' | truncate(1, true, a ~ b, 0) | length }}{% endfor %}`,
  ],
  ["escapes much", "{{ ('<' * 1900000) | escape }}"],
  ["writes much JSON", "{{ ([{'a': [1]}] * 40000) | tojson(indent=2) }}"],
  ["encodes half a character", "{{ '\\ud800' | urlencode }}"],
  ["sums texts", "{{ ([[1]] * 100000) | sum(start=[]) | length }}"],
  ["ranges", "{{ range(400000000) | length }}"],
  ["ranges in a loop", "{% for i in range(10000000000) %}{% endfor %}"],
  ["keeps ranges", `${doubled("[]", 100000, "ns.a + [range(100000)]")}x`],
  ["never ends", "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"],
  [
    "never ends silently",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
  ],
  [
    "filters for ever",
    "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
  ],
  ["calls itself", "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}"],
  [
    "calls itself twice",
    "{% macro m(x) %}{% if x %}{{ m(x - 1) }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
  ],
  [
    "calls its caller",
    "{% macro m(x) %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m(1) %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
  ],
  ["raises to a power", "{{ 10 ** 400 }}{{ 9 ** 9 ** 9 }}"],
  ["has many brackets", `{{ ${"(".repeat(60000)}1${")".repeat(60000)} }}`],
  ["has many lists", `{{ ${"[".repeat(60000)}${"]".repeat(60000)} }}`],
  ["has many braces", `{{ ${"{1:".repeat(30000)} }}`],
  ["has many ifs", "{% if true %}".repeat(9000)],
  ["has many loops", "{% for a in [1] %}".repeat(7000)],
  ["has many nots", `{{ ${"not ".repeat(30000)}1 }}`],
  ["has many signs", `{{ ${"-".repeat(60000)}1 }}`],
  ["has many choices", `{{ 1${" if 1 else 1".repeat(9000)} }}`],
  ["has many filters", `{{ 1${"|abs".repeat(30000)} }}`],
  ["has many members", `{{ a${".a".repeat(60000)} }}`],
  ["has many calls", `{{ a${"()".repeat(60000)} }}`],
  ["has many sums", `{{ 1${"+1".repeat(60000)} }}`],
  ["has many powers", `{{ 1${"**1".repeat(40000)} }}`],
  ["has many targets", `{% set ${"(".repeat(60000)}a = 1 %}`],
  ["is long", `${"x".repeat(10 * 2 ** 20)}{{ messages[0].content }}`],
  ["has many tags", "{{ 'a' }}".repeat(1_100_000)],
  ["has an open string", `{{ '${"\\\\a".repeat(40000)} }}`],
  ["has open comments", "{#".repeat(60000)],
  ["has open raws", "{% raw %}".repeat(12000)],
  ["has blanks", `{{ ${" ".repeat(120000)}`],
  ["has blanks before nothing", `${" ".repeat(60000)}{%${" ".repeat(60000)}`],
  ["has blank lines", `${"\n ".repeat(60000)}{% x`],
];

test.each(bombs)("a template that %s ends with a typed error", (_, template) => {
  try {
    finish(renderTemplate(template, input, "chat()"));
    expect.unreachable();
  } catch (error) {
    if (!CodeLlamaError.isInstance(error)) throw error;
    expect(["MODEL_UNSUPPORTED", "INVALID_ARGUMENT"]).toContain(error.code);
  }
});

test("data that is nested deeply ends with a typed error", () => {
  let schema: object = {};
  for (let level = 0; level < 50_000; level++) schema = { items: schema };
  const tools = { ...input, tools: [schema] };
  const source = "{{ tools | tojson }}";
  expect(() => finish(renderTemplate(source, tools, "chat()"))).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

test("other work goes on while a template runs", async () => {
  const source = "{% for i in range(900) %}{% for j in range(900) %}{% endfor %}{% endfor %}x";
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const begun = begin(renderTemplate(source, input, "chat()"));
  if (!(begun instanceof Unfinished)) expect.unreachable();
  else expect(await begun.finish()).toEqual([{ text: "x", joined: true, special: true }]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});

test("a long loop over little is no single operation", () => {
  const source =
    "{% set a = range(100000) %}{% for i in a %}x{% endfor %}{% for i in a %}{% endfor %}";
  const parts = finish(renderTemplate(source, input, "chat()"));
  expect(parts).toEqual([{ text: "x".repeat(100_000), joined: true, special: true }]);
});

test("a long dialog with long messages is laid out", () => {
  const long = "word\n".repeat(400_000);
  const dialog = Array.from({ length: 50_000 }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: index === 0 ? long : `message ${index}`,
  })) as never[];
  const chatml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}";
  const parts = finish(renderTemplate(chatml, { ...input, messages: dialog }, "chat()"));
  expect(parts).toHaveLength(100_001);
  expect(parts[1]).toEqual({ text: long.trim(), joined: true });
});
