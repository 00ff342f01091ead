/** Name of the definition that holds the parameters of a tool. Errors about it name the tool. */
export function parametersName(index: number, name: string): string {
  return `tools[${index}].${name.replaceAll(/[^\w-]/g, "_")}`;
}

const place = /^jsonSchema: \/\$defs\/tools\[(\d+)\]\.([\w-]+)(\/[^:]*)?: /;

/** An error message of the schema compiler with the names of the tool and its field. */
export function withToolName(message: string): string {
  return message.replace(
    place,
    (_, index: string, name: string, pointer = "/") =>
      `tools[${index}].function.parameters of ${name}: ${pointer}: `,
  );
}
