/** A failure while the template runs, like Jinja's runtime errors: it rejects or misuses its input. */
export class TemplateError extends Error {}

/** The template is unusable with any input: it does not parse, or it names an unknown filter or test. */
export class TemplateSyntaxError extends Error {}

/** The template exceeds a limit of `Budget`. */
export class LimitError extends Error {}

/** The caller's data exceeds what a template accepts. */
export class InputError extends Error {}
