/** The absolute path of codellama-tiny's GGUF file. */
export declare const modelPath: string;
