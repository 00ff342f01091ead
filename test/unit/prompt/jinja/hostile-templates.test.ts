import { expect, test } from "vitest";
import { CodeLlamaError } from "../../../../lib/index.ts";
import { begin, finish, Unfinished } from "../../../../lib/prompt/steps.ts";
import { renderTemplate } from "../../../../lib/prompt/template.ts";

const messages = [{ role: "user", content: "hi" }] as const;
const input = { messages, bosText: "<s>", eosText: "</s>" };

/** A template that sets `ns.a` to `start` and then replaces it by `next` a number of times. */
const doubled = (start: string, times: number, next = "ns.a + ns.a") =>
  `{% set ns = namespace(a=${start}) %}{% for i in range(${times}) %}{% set ns.a = ${next} %}{% endfor %}`;
/** Two equal texts that are different objects. */
const twins = "{% set a = 'a' * 9000000 %}{% set b = 'a' * 9000000 %}";
const megabytes = doubled("'x y\\n'", 22);

const bombs: readonly (readonly [name: string, template: string])[] = [
  ["doubles a list", `${doubled("[1, 2, 3]", 40)}{{ ns.a | length }}`],
  ["doubles a text", `${doubled("'xx'", 60)}{{ ns.a | length }}`],
  ["doubles a text with ~", `${doubled("'xx'", 60, "ns.a ~ ns.a")}{{ ns.a | length }}`],
  ["doubles the user's text", `${doubled("messages[0].content", 60)}{{ ns.a | length }}`],
  ["doubles a text with *", `${doubled("'xx'", 60, "ns.a * 2")}{{ ns.a | length }}`],
  ["doubles a text with replace", `${doubled("'xx'", 60, "ns.a | replace('x', 'xx')")}{{ ns.a }}`],
  ["doubles a text with join", `${doubled("'xx'", 60, "[ns.a, ns.a] | join")}{{ ns.a }}`],
  ["doubles a text with %", `${doubled("'xx'", 60, "'%s%s' % (ns.a, ns.a)")}{{ ns.a }}`],
  ["doubles a text with format()", `${doubled("'xx'", 60, "'{}{}'.format(ns.a, ns.a)")}{{ ns.a }}`],
  ["doubles JSON", `${doubled("'\\\"'", 60, "ns.a | tojson")}{{ ns.a }}`],
  ["doubles the repr of a text", `${doubled("'\\\\'", 60, "[ns.a] | string")}{{ ns.a }}`],
  ["doubles tuples", `${doubled("(1,)", 60)}{{ ns.a | length }}`],
  ["nests lists", `${doubled("[1]", 100000, "[ns.a]")}{{ ns.a }}`],
  ["nests lists for JSON", `${doubled("[1]", 100000, "[ns.a]")}{{ ns.a | tojson }}`],
  [
    "compares nested lists",
    `${doubled("[1]", 50000, "[ns.a]")}{% set b = ns.a %}{{ [b] == [[b]] }}`,
  ],
  ["prints a tree", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ ns.a }}`],
  ["prints a tree as JSON", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ ns.a | tojson }}`],
  [
    "compares trees",
    `${doubled("[1]", 60, "[ns.a, ns.a]")}{% set b = ns.a %}${doubled("[1]", 60, "[ns.a, ns.a]")}{{ b == ns.a }}`,
  ],
  ["sorts trees", `${doubled("[1]", 60, "[ns.a, ns.a]")}{{ [ns.a, [ns.a, 1]] | sort }}`],
  ["formats a directive whose key never ends", `{% set a = '%(' * 1000000 %}{{ a % {} }}`],
  ["formats a directive with a million zeros", `{% set a = '%' ~ '0' * 1000000 %}{{ a % 1 }}`],
  ["formats a brace field that never ends", `{% set a = '{:' * 1000000 %}{{ a.format(1) }}`],
  ["converts a long text to a float", `{% set a = '1' * 5000000 ~ 'x' %}{{ 1 + a | float(none) }}`],
  ["converts a long text to an integer", `{% set a = '1' * 5000000 %}{{ 1 + a | int(none) }}`],
  ["multiplies a list by a float", "{{ [1] * 2.5 }}"],
  [
    "raises an exception with the user's text repeated",
    "{{ raise_exception(messages[0].content * 1000000) }}",
  ],
  ["repeats a text", "{{ 'x' * 1000000000 }}"],
  ["repeats a list", "{{ [1] * 1000000000 }}"],
  [
    "repeats an empty list and an empty text",
    "{{ [] * 1000000000000 }}{{ '' * 1000000000000 }}{{ 'x' * 9007199254740991 }}",
  ],
  ["replaces the empty text", `${megabytes}{{ ns.a | replace('', 'xxxxxxxxxxxxxxxx') | length }}`],
  [
    "replaces the empty text with a method",
    `${megabytes}{{ ns.a.replace('', 'xxxxxxxxxxxxxxxx') | length }}`,
  ],
  ["replaces with a long text", `${megabytes}{{ ns.a | replace('x', ns.a) }}`],
  ["splits a long text", `${megabytes}{{ ns.a.split(' ') | length }}`],
  ["splits at white space", `${megabytes}{{ ns.a.split() | length }}`],
  ["splits from the end", `${megabytes}{{ ns.a.rsplit('x') | length }}`],
  ["splits lines", `${megabytes}{{ ns.a.splitlines() | length }}`],
  ["counts many matches", `${megabytes}{{ ns.a.count('x') }}`],
  ["lists characters", `${megabytes}{{ ns.a | list | length }}`],
  ["loops over characters", `${megabytes}{% for c in ns.a %}{% endfor %}`],
  ["reverses with a slice", `${megabytes}{{ ns.a[::-1] }}`],
  ["reverses with a filter", `${megabytes}{{ ns.a | reverse }}`],
  ["indents by a million spaces", `${megabytes}{{ ns.a | indent(1000000) }}`],
  ["indents with a long text", `${megabytes}{{ ns.a | indent(ns.a) }}`],
  ["joins with a long separator", `${megabytes}{{ range(10000) | join(ns.a) }}`],
  ["joins with a method of a long separator", `${megabytes}{{ ns.a.join(['a'] * 10000) }}`],
  [
    "capitalizes a long text again and again",
    `${megabytes}{% for i in range(50) %}{{ ns.a.title() | length }}{% endfor %}`,
  ],
  ["indents JSON widely", "{{ [[[[1]]]] | tojson(indent=1000000000) }}"],
  [
    "separates JSON items with a long text",
    `${megabytes}{{ ([1] * 100000) | tojson(separators=(ns.a, ns.a)) }}`,
  ],
  ["pads widely", "{{ 'x'.ljust(10000000000) }}"],
  ["centers widely", "{{ 'x' | center(10000000000) }}"],
  ["pads widely with zeros", "{{ '1'.zfill(10000000000) }}"],
  ["formats widely", "{{ '%1000000000s' % 'x' }}"],
  ["formats numbers widely", "{{ '%0999999999d' % 5 }}{{ '{:>999999999}'.format(1) }}"],
  ["fills a batch widely", "{{ [1] | batch(10000000000, 0) | list }}"],
  [
    "searches for a part that almost matches everywhere",
    `${twins}{{ a.rfind(a[:4500000] ~ 'b') }}`,
  ],
  ["splits at a part that almost matches everywhere", `${twins}{{ a.split('b' ~ a[:4500000]) }}`],
  ["compares long texts in a list", `${twins}{{ ([a] * 100000).count(b) }}`],
  ["compares long texts in a loop", `${twins}{% for i in range(100000) %}{{ a == b }}{% endfor %}`],
  ["searches for a long text in a list", `${twins}{{ b in [a] * 30000 and b in [b, a] * 30000 }}`],
  [
    "asks loop.changed() about a long text",
    `${twins}{% for i in range(100000) %}{{ loop.changed([a, b][i % 2]) }}{% endfor %}`,
  ],
  ["sorts long texts", `${twins}{{ ([a, b] * 5000) | sort | length }}`],
  ["sorts long texts with their case", `${twins}{{ ([a, b] * 5000) | sort(case_sensitive=true) }}`],
  ["takes the maximum of long texts", `${twins}{{ ([a, b] * 5000) | max | length }}`],
  [
    "flattens and keeps many concatenated texts",
    `${twins}{% set c = a ~ b %}{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set d = c ~ i %}{% if d.startswith('b') %}{% endif %}{% set ns.l = ns.l + [d] %}{% endfor %}`,
  ],
  [
    "uses long texts as keys",
    "{% set ns = namespace(l=[]) %}{% for i in range(3000) %}{% set ns.l = [ns.l, 'a' * 20000 ~ i] %}{{ ns.l | unique | list | length }}{% endfor %}",
  ],
  [
    "reads an attribute path of dots",
    "{% set a = '.' * 9000000 %}{{ [1] | map(attribute=a ~ a ~ a) | list }}",
  ],
  ["formats many dates", "{{ strftime_now('%c' * 300000) | length }}"],
  ["formats many names", "{{ ('%(a)s' * 1500000) % {'a': 1} }}"],
  ["formats many braces", "{{ ('{0}' * 3000000).format(1) }}"],
  ["strips many characters", `${twins}{{ 'x'.strip(a ~ b) }}`],
  ["trims many characters", `${twins}{{ 'x' | trim(a ~ b) }}`],
  [
    "truncates with a long end",
    `${twins}{% for i in range(9999) %}{{ 'abc' | truncate(1, true, a ~ b, 0) | length }}{% endfor %}`,
  ],
  ["escapes many characters", "{{ ('<' * 1900000) | escape }}"],
  ["writes a lot of JSON", "{{ ([{'a': [1]}] * 40000) | tojson(indent=2) }}"],
  ["URL-encodes half a surrogate pair", "{{ '\\ud800' | urlencode }}"],
  ["sums many lists", "{{ ([[1]] * 100000) | sum(start=[]) | length }}"],
  ["makes a large range", "{{ range(400000000) | length }}"],
  ["loops over a large range", "{% for i in range(10000000000) %}{% endfor %}"],
  ["keeps many ranges", `${doubled("[]", 100000, "ns.a + [range(100000)]")}x`],
  [
    "loops and prints for a very long time",
    "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
  ],
  [
    "loops for a very long time without output",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
  ],
  [
    "loops for a very long time over filtered-out items",
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
  ["nests many ifs", "{% if true %}".repeat(9000)],
  ["nests many loops", "{% for a in [1] %}".repeat(7000)],
  ["has many nots", `{{ ${"not ".repeat(30000)}1 }}`],
  ["has many signs", `{{ ${"-".repeat(60000)}1 }}`],
  ["has many inline ifs", `{{ 1${" if 1 else 1".repeat(9000)} }}`],
  ["has many filters", `{{ 1${"|abs".repeat(30000)} }}`],
  ["has many attributes", `{{ a${".a".repeat(60000)} }}`],
  ["has many calls", `{{ a${"()".repeat(60000)} }}`],
  ["has many sums", `{{ 1${"+1".repeat(60000)} }}`],
  ["has many powers", `{{ 1${"**1".repeat(40000)} }}`],
  ["nests an assignment target", `{% set ${"(".repeat(60000)}a = 1 %}`],
  ["has 10 MB of text", `${"x".repeat(10 * 2 ** 20)}{{ messages[0].content }}`],
  ["has many tags", "{{ 'a' }}".repeat(1_100_000)],
  ["has an unterminated string", `{{ '${"\\\\a".repeat(40000)} }}`],
  ["has unterminated comments", "{#".repeat(60000)],
  ["has unterminated raw blocks", "{% raw %}".repeat(12000)],
  ["has many spaces in an unterminated tag", `{{ ${" ".repeat(120000)}`],
  ["has many spaces before an unterminated tag", `${" ".repeat(60000)}{%${" ".repeat(60000)}`],
  ["has many blank lines before an unterminated tag", `${"\n ".repeat(60000)}{% x`],
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

test("rejects tools that are nested deeply", () => {
  let schema: object = {};
  for (let level = 0; level < 50_000; level++) schema = { items: schema };
  const tools = { ...input, tools: [schema] };
  const source = "{{ tools | tojson }}";
  expect(() => finish(renderTemplate(source, tools, "chat()"))).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

test("lets the event loop run other work while a template renders", async () => {
  const source = "{% for i in range(900) %}{% for j in range(900) %}{% endfor %}{% endfor %}x";
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const begun = begin(renderTemplate(source, input, "chat()"));
  if (!(begun instanceof Unfinished)) expect.unreachable();
  else expect(await begun.finish()).toEqual([{ text: "x", joined: true, special: true }]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});

test("renders two loops over 100,000 items", () => {
  const source =
    "{% set a = range(100000) %}{% for i in a %}x{% endfor %}{% for i in a %}{% endfor %}";
  const parts = finish(renderTemplate(source, input, "chat()"));
  expect(parts).toEqual([{ text: "x".repeat(100_000), joined: true, special: true }]);
});

test("renders a dialog of 50,000 messages, one of them 2 MB long", () => {
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
