/** The template refuses its input, or misuses it: as Jinja's own errors at run time. */
export class TemplateError extends Error {}

/** The template cannot be used with any input: it does not parse, or names what there is not. */
export class TemplateSyntaxError extends Error {}

/** The template takes more than a template may. */
export class LimitError extends Error {}

/** The caller's data is more than any template is given. */
export class InputError extends Error {}
