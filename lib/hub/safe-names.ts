// Names that a hub or a user gives become names of files. They must stay inside the cache.

/** Whether a text is the name of one file or folder on every system, and not a way out of a folder. */
export function isSafeSegment(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= 255 &&
    !/^\.{1,2}$/.test(text) &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not pass.
    !/[\\/:*?"<>|\u0000-\u001f\u007f]/.test(text) &&
    !/[. ]$/.test(text)
  );
}

/** Whether a text is a relative path of safe names, separated by `/`. */
export function isSafePath(text: string): boolean {
  return text.length <= 1024 && text.split("/").every(isSafeSegment);
}
