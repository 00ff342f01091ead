import { describe, expect, test } from "vitest";
import { CodeLlamaError } from "../../../../lib/index.ts";
import { finish } from "../../../../lib/prompt/steps.ts";
import { renderTemplate } from "../../../../lib/prompt/template.ts";
import { hasJinja2, renderWithJinja2 } from "../../../helpers/jinja2.ts";

const messages = [
  { role: "user", content: " Ärger 👩 is\tNOT a\r\nnew  day-it's <ok> " },
  {
    role: "assistant",
    content: "abc abc\nx\n\ny",
    n: 7,
    f: -2.5,
    none: null,
    yes: true,
    list: [3, 1, 2, 1],
    names: ["b", "A", "c"],
    dict: { b: 1, A: { c: [1, "x"] }, get: 2, items: "own" },
    people: [
      { name: "Ada", age: 36, tags: ["x"] },
      { name: "bob", age: 25 },
      { name: "Cy", age: 36, tags: [] },
    ],
  },
] as const;

const source = "{% set m = messages[1] %}{% set u = messages[0].content %}{% set t = m.content %}";

// Expressions, separated by semicolons. A template prints each of them.
const expressions = `
u | length ; u[1] ; u[-1] ; u[8] ; u[1:9] ; u[::-1] ; u[-6:-1] ; u[:3] ; t[2:] ; t[::2] ; m.list[::-1] ; m.list[1:3] ; m.list[5:] ; m.none[1:] ; m.n[:2] ; m.dict[1:] ; m.dict.keys()[1:] ; t[t:] ; t[::m.n - 7] ; (m.list | map('string'))[1:]
u | upper ; u | lower ; u | title ; u | capitalize ; u.title() ; u.capitalize() ; u.upper() ; u.strip() ; u.strip(' A<>ok') ; u.lstrip() ; u.rstrip() ; u | trim
u.split() ; u.split(' ') ; u.split(' ', 2) ; u.split(none, 1) ; t.split('abc') ; t.rsplit('b', 1) ; t.rsplit() ; t.rsplit(none, 1) ; ' a  b c '.split(none, 1) ; ' a  b c '.split(none, 2) ; ' a  b c '.split(none, 3) ; ' a  b c '.rsplit(none, 1) ; ' a  b '.rsplit(none, 5) ; '  '.split() ; ''.split() ; ''.split('x') ; '  x'.split(none, 0) ; u.splitlines() ; t.splitlines(true) ; t.partition('b') ; t.rpartition('b') ; t.partition('q')
t.replace('b', 'XX') ; t.replace('', '-') ; t.replace('abc', '', 1) ; u | replace('is', 'was') ; u | replace('n', 'm', 1) ; t.find('c') ; t.rfind('c') ; t.find('q') ; t.index('x') ; t.count('abc') ; t.count('')
t.startswith('abc') ; t.startswith(('x', 'a')) ; t.endswith('y') ; t.isdigit() ; '12'.isdigit() ; 'ab1'.isalnum() ; 'ab'.isalpha() ; ' \\n'.isspace() ; 'aB'.islower() ; 'AB1'.isupper() ; ''.isdigit()
'ab'.ljust(5) ~ '|' ; 'ab'.rjust(5, '*') ; 'ab'.center(5) ~ '|' ; 'abc'.center(6) ~ '|' ; '-5'.zfill(4) ; 'abc'.removeprefix('a') ; 'abc'.removesuffix('bc') ; '-'.join(['a', 'b']) ; '{} {1} {x}'.format(1, 2, x='y') if false ; '{}-{x:>4}|'.format('a', x='y') ; '{:.2f}'.format(3.14159)
'%s and %d' % ('x', 5) ; '%5.2f|%-5s|%05d' % (2.5, 'ab', 42) ; '%s' % 'one' ; '%(a)s' % {'a': 1} ; '%%' % () ; '%x' % 255 ; 'a' % [1, 2] ; 'a' % {} ; '%s' % [1, 2] ; '%s %s' % [1, 2] ; 'a' % 1 ; '%05d|%+06.1f|%-5d|%05s' % (-3, 2.5, -3, 'ab') ; '%.1s|%.2r' % ('👩x', 'abc') ; '{:05d}|{:07.2f}|{:<05d}'.format(-3, -1.5, -3) ; "%s %s" | format('a', 1) ; "%r" % 'q'
u | indent ; t | indent ; t | indent(2) ; t | indent(2, true) ; t | indent('> ', first=true, blank=true) ; t | wordcount ; u | truncate(10) ; u | truncate(10, true) ; u | truncate(10, true, '…', 0) ; 'ab' | center(6) ~ '|' ; u | escape ; u | e
m.n + 1 ; m.n / 2 ; m.n // 2 ; -m.n // 2 ; m.n % 3 ; -m.n % 3 ; m.n ** 2 ; 2 ** -1 ; m.f * 2 ; m.f // 1 ; m.n * 1.0 ; -m.n ; +m.f ; 1 + true ; 7.0 ; 1e3 ; 1.5e-7 ; 1e16 ; 0.1 + 0.2 ; 10 / 5 ; 2 + 3 * 4 ; -2 ** 2 ; 2 ** 3 ** 2 ; 1_000
1 < 2 < 3 ; 1 < 3 < 2 ; 1 == 1.0 ; true == 1 ; 'a' == 'a' ; 'a' != 1 ; none == none ; [1, 2] == [1, 2] ; (1, 2) == [1, 2] ; {'a': 1} == {'a': 1} ; 'a' < 'b' ; [1, 2] < [1, 3] ; m.n >= 7
'b' in t ; 'q' not in t ; 1 in m.list ; 9 in m.list ; 'b' in m.dict ; 'q' in m.dict ; not 'b' in t ; 'x' in undefinedname ; not true ; true and 'x' ; '' or 'y' ; 0 or none ; 'a' if false else 'b' ; 'a' if false ; 'a' if true
'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1, 'x'] ; 'a' + 'b' ~ 'c' ; 'ab' * 3 ; 3 * 'ab' ; [1] * 2 ; [1] + [2] ; (1,) + (2,) ; 'a' * -1 ; 1 + 2 ~ 3 ; 2 * 3 ~ 4
[1, 'a', none, true, 2.0, {'k': 'v'}, (1,), ()] ; ['it\\'s', "q\\"q", 'a\\nb', '\\t', '\\\\', 'ü👩', ' \\xa0\\u200b\\ue000\\u2028\\U000e0001\\x85\\xad'] ; {'a': 1, 2: 'b', none: true, 1.5: 0} ; {1: 'x'}[1] ; {'a': {'b': 1}}['a']['b'] ; {} ; []
m.dict.b ; m.dict['b'] ; m.dict.get('b') ; m.dict.get('q') ; m.dict.get('q', 5) ; m.dict['items'] ; m.dict['get'] ; m.dict.items() | list ; m.dict.keys() | list ; m.dict.keys() ; m.dict.values() ; m.dict.items() ; {}.keys() ; m.dict.values() | list ; m.dict | items | list ; m.dict | dictsort ; m.dict | length ; m.dict | list ; m.dict.A.c[1] ; m.none ; m.nothing ; m['nothing'] is defined
m.list | first ; m.list | last ; m.list | sort ; m.list | sort(reverse=true) ; m.names | sort ; ['👩', '\\ue000', 'a'] | sort ; '👩' > '\\ue000' ; {'👩': 1, '\\ue000': 2} | tojson(sort_keys=true) ; m.names | sort ; m.names | sort(case_sensitive=true) ; m.list | unique | list ; m.names | join ; m.names | join(', ') ; m.people | join(', ', attribute='name') ; m.list | sum ; m.people | sum(attribute='age') ; m.list | min ; m.list | max ; m.names | max ; m.list | reverse | list ; 'abc' | reverse ; [] | first | default('none')
m.people | map(attribute='name') | list ; m.people | map(attribute='tags', default='-') | list ; m.names | map('upper') | join ; m.people | selectattr('tags') | map(attribute='name') | list ; m.people | selectattr('age', 'equalto', 36) | list | length ; m.people | rejectattr('age', 'gt', 30) | map(attribute='name') | list ; m.list | select('odd') | list ; m.list | reject('equalto', 1) | list ; m.list | select | list ; m.people | sort(attribute='age') | map(attribute='name') | list ; m.people | groupby('age') | map('first') | list ; m.list | batch(3) | list ; m.list | batch(3, 0) | list ; none | selectattr('x') | list ; none | map('upper') | list ; m.people | max(attribute='age')
'5' | int ; 'x' | int ; 'x' | int(3) ; '0x1f' | int(base=16) ; '2.7' | int ; 2.9 | int ; -2.9 | int ; '2.5' | float ; 'x' | float ; 3 | float ; 2.567 | round(2) ; 2.5 | round ; 3.5 | round ; 2.1 | round(method='ceil') ; 7 | round ; -3 | abs ; -2.5 | abs ; none | default('d') ; none | default('d', true) ; nothing | default('d') ; '' | d('e', true) ; 5 | string ; true | string ; none | string ; [1] | string
m.dict | tojson ; m.people | tojson ; u | tojson ; m.dict | tojson(indent=2) ; m.list | tojson(indent=4) ; [] | tojson(indent=2) ; {} | tojson(indent=2) ; m.dict | tojson(sort_keys=true) ; u | tojson(ensure_ascii=true) ; m.dict | tojson(separators=(',', ':')) ; [1.0, 2.5, none, true, 1e20] | tojson ; '\\x01\\x7f</s>' | tojson ; (1, 2) | tojson ; {1: 2, none: 3, true: 4} | tojson
1 is odd ; 2 is even ; 4 is divisibleby 2 ; 4 is divisibleby(3) ; m is mapping ; t is string ; t is iterable ; t is sequence ; 1 is number ; true is number ; true is integer ; 1 is integer ; 1.0 is float ; none is none ; nothing is defined ; nothing is undefined ; t is not none ; true is true ; 1 is true ; true is boolean ; 'a' is in ['a'] ; 'a' is eq 'a' ; 1 is lt(2) ; 1 is sameas 1 ; 'ab' is lower ; 'AB' is upper ; range is callable ; m.list is sequence ; nothing is iterable ; nothing is sequence ; 3 is gt 2 and true
range(3) | list ; range(1, 4) | list ; range(5, 0, -2) | list ; range(3)[1] ; range(3) | length ; dict(a=1, b=2) ; dict({'a': 1}, b=2) ; dict([('a', 1)]) ; namespace(a=5).a
"a" "b" ; 'it''s' ; "\\u00e9\\x41\\101\\q" ; ('a',) ; ('a', 'b')[1] ; (1) ; [1, 2, ] ; {'a': 1, } ; (1, 2) | join('-') ; 'x' is defined and 'y' ; (m.list | length) > 2 ; m.list | length > 2 ; not m.list | length == 2 ; -1 | abs ; m.list[-1] ; m.list[-9] ; m.people[0].name[0] ; m.people.0.name ; 'a,b'.split(',')[1] | upper
nothing ; nothing ~ 'x' ; nothing | length ; nothing | list ; nothing | upper ; nothing == none ; nothing == nothing2 ; nothing | join
`;

const statements = [
  "{% for x in m.list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }};{% endfor %}",
  "{% for x in m.list %}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('-') }}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}",
  "{% for x in m.list if x > 1 %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}",
  "{% for x in [] %}{{ x }}{% else %}none{% endfor %}",
  "{% for k, v in m.dict.items() %}{{ k }}={{ v }};{% endfor %}",
  "{% for k in m.dict %}{{ k }};{% endfor %}{% for c in 'ü👩' %}{{ c }};{% endfor %}",
  "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
  "{% for x in m.list %}{% if loop.index == 2 %}{% continue %}{% endif %}{% if loop.index == 4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
  "{% for x in [1, 2] %}{% for y in [3, 4] %}{{ loop.depth }}{{ x }}{{ y }}{% break %}{% endfor %}{% endfor %}",
  "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 5 %}{{ x }}{% endfor %}{{ x }}",
  "{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
  "{% if false %}a{% elif true %}b{% else %}c{% endif %}{% if true %}{% set q = 3 %}{% endif %}{{ q }}",
  "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}",
  "{% set x %}a {{ t }} b{% endset %}{{ x | length }}{% set y | upper | trim %} q {% endset %}{{ y }}",
  "{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }};{{ f(1, 3) }};{{ f(1, c=5) }};{{ f(*[1, 2], **{'c': 3}) }}",
  "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(none, none) }}{{ f(b=none) }}",
  "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, x=2) }}",
  "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
  "{% macro f() %}[{{ z }}]{% endmacro %}{% set z = 1 %}{{ f() }}{% set z = 2 %}{{ f() }}",
  "{% macro f(x) %}<{{ caller(x + 1) }}>{% endmacro %}{% call(y) f(1) %}{{ y }}{{ t }}{% endcall %}",
  "{% filter upper %}a {{ t }}{% endfilter %}{% filter replace('a', 'b') | upper %}aa{% endfilter %}",
  "{% with x = 1, y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x }}",
  "{% generation %}a{{ t }}{% endgeneration %}",
  "{% set j = joiner() %}{{ j() }}a{{ j() }}b{{ j() }}",
  "{% raw %}{{ x }} {% if %}{% endraw %}",
  "a\n{% if true %}\n  b\n  {% endif %}\nc\n",
  "a\n  {%- if true -%}\n  b\n  {%- endif -%}\n c\n\n",
  "a \n  {%+ if true +%}\n  b\n  {%+ endif %}\nc\n",
  "a {{- ' b ' -}} c\n {{ 'd' }}\n{{ 'e' }}\n",
  "a\n  {# comment #}\nb {#- c -#} d\n\t{# {{ x }} #}  e",
  "  {% set x = 1 %}  \n  {{ x }}",
  "x{% if true %}  {% endif %}y\n    {% if true %}z{% endif %}",
  "{{ '%}' }}{{ '}}' }}{% set x = {'a': {'b': 1}} %}{{ x }}{{ {'a': {}} }}",
  "line\r\nline\rline\n{% if true %}\r\nx{% endif %}",
  "{% for x in m.list -%}\n  {{ x }}\n{%- endfor %}",
  "{{ raise_exception('no: ' ~ 1) }}",
  "{{ nothing.x }}",
  "{{ nothing + 1 }}",
  "{{ nothing() }}",
  "{{ 1 + 'a' }}",
  "{{ m.list.append(1) }}",
  "{{ m.dict.update({}) }}",
  "{{ ''.__class__ }}",
  "{% for x in none %}{% endfor %}",
  "{% for x in 5 %}{% endfor %}",
  "{{ none | length }}",
  "{{ namespace(_x=1) }}",
  "{{ [1, 'a'] | sort }}",
  "{% set a, b = [1] %}",
  "{{ nothing | tojson }}",
  "{{ 'a'.nomethod() }}",
  "{% set ns = namespace() %}{{ ns | tojson }}",
  "{{ 5 | nofilter }}",
  "{{ 5 is notest }}",
  "{% unknown %}",
  "{{ 1 +",
  "{% if x %}",
  "{% endif %}",
  "{{ }}",
  "{{ 1 / 0 }}",
  "{% if true %}ok{% else %}{{ 1 | nofilter }}{% endif %}",
];

const snippets = new Map<string, string>([
  ...expressions
    .split(/\n|(?<= );(?= )/)
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => [`{{ ${text} }}`, `${source}{{ ${text} }}`] as const),
  ...statements.map((text) => [text, source + text] as const),
]);

function render(template: string) {
  const input = { messages: messages as never, bosText: "<s>", eosText: "</s>" };
  try {
    const parts = finish(renderTemplate(template, input, "chat()"));
    return { text: parts.map((part) => (typeof part === "number" ? "" : part.text)).join("") };
  } catch (error) {
    if (!CodeLlamaError.isInstance(error)) throw error;
    return { error: error.message };
  }
}

const reason = hasJinja2 ? "" : " (skipped: python3-jinja2 is not installed)";

describe.runIf(hasJinja2)(`renders like Python's jinja2${reason}`, () => {
  const variables = {
    messages: messages.map(({ ...message }) => {
      const { none: _, ...rest } = { none: null, ...message };
      return rest;
    }),
  };
  const given = new Map([["all", variables]]);
  const expected = hasJinja2 ? renderWithJinja2(snippets, given) : {};

  test.each([...snippets])("%s", (name, template) => {
    const { text, error } = expected[name]?.all ?? {};
    if (error === undefined) expect(render(template)).toEqual({ text });
    else expect(render(template).error, error).toBeTypeOf("string");
  });
});
