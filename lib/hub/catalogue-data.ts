/** Repository of one variant of Code Llama, and what is known about its files. */
export interface CatalogueEntry {
  readonly repository: string;
  /** Commit whose files have the hashes below. Absent: the newest commit. */
  readonly revision?: string;
  /** Known hashes and sizes by quantisation. For others, the hub's own hash counts. */
  readonly files?: Readonly<Record<string, CatalogueFile>>;
}

export interface CatalogueFile {
  readonly sha256: string;
  readonly bytes?: number;
}

/** GGUF files of Code Llama at Hugging Face, by the names that Ollama's users know. */
export const catalogueData: Readonly<Record<string, CatalogueEntry>> = {
  "codellama:7b": {
    repository: "TheBloke/CodeLlama-7B-GGUF",
    files: {
      Q4_K_M: { sha256: "c3866cb985de17d398c2d7e85bb8a9c717a76bb997dce0e72a0cb169063e6d17" },
    },
  },
  "codellama:7b-instruct": {
    repository: "TheBloke/CodeLlama-7B-Instruct-GGUF",
    revision: "2f064ee0c6ae3f025ec4e392c6ba5dd049c77969",
    files: {
      Q2_K: { sha256: "73b298f722a8d9d789508022c2adda18f3050942a4767923162b95b0bc65b9ad" },
      Q4_0: { sha256: "a2f287bb96b96e3d87a96a818bd1721e57bfcae94dbcff671e77c3e601f967fe" },
      Q4_K_M: {
        sha256: "0701500c591c2c1b910516658e58044cdfa07b2e8b5a2e3b6808d983441daf1a",
        bytes: 4_081_095_360,
      },
      Q5_0: { sha256: "272d98e40b480235d9f2f4e4ce40a57928c3c2b609545f0852ac13196dca9878" },
      Q5_K_S: { sha256: "8b91b06842a3327936028fbbe04f25c22a6d608a1a7e32f27145aeb6ada306c5" },
      Q5_K_M: { sha256: "774f2a7c97db49bee66a3091d31f0c3a35d70d85f6aada65626882177a858fd7" },
      Q8_0: {
        sha256: "2126a5b9e8576ebea8889792ec5e459423935daae17ac0ffdfbedb39d222a20e",
        bytes: 7_161_229_504,
      },
    },
  },
  "codellama:7b-python": { repository: "TheBloke/CodeLlama-7B-Python-GGUF" },
  "codellama:13b": {
    repository: "TheBloke/CodeLlama-13B-GGUF",
    files: {
      Q3_K_S: { sha256: "b6090973592961df2f3b3d2dd0d7c3d053d1bf556dfe21f3293b5f37124c7a9a" },
      Q3_K_M: { sha256: "ac427cc596ee0cd2c733da6445b836ddf49d8e920468a812813d96b4573b06b2" },
      Q4_K_S: { sha256: "79c160b58bd20f488adbd7668807417009b11f62295c3d2917e24f0ada5378bc" },
      Q4_K_M: { sha256: "b889f38ea793b823756e0eb9d3b60a5c5061c2df2d99b6f2fdb7c28328f043ce" },
    },
  },
  "codellama:13b-instruct": {
    repository: "TheBloke/CodeLlama-13B-Instruct-GGUF",
    revision: "82f1dd9567b9b20b7e8f8aa9ecf3d2f121e5d415",
    files: {
      Q3_K_S: { sha256: "c71f87db67bb60f947c7c386bb4eb1936d50a0ca62f4bd4f7175805f2f2b8dee" },
      Q3_K_M: {
        sha256: "68357eb6af266639528c632483d86db554b1f3346dc9d2afc67702a1623b1a99",
        bytes: 6_337_872_256,
      },
      Q4_0: { sha256: "693021fa3a170a348b0a6104ab7d3a8c523331826a944dc0371fecd922df89dd" },
      Q4_K_S: { sha256: "f87177cd220475a80ec940880a50dccbf49541b8e5ca17f9cc609285956ba1c0" },
      Q4_K_M: {
        sha256: "48cc5600c5e35b1226208a53b1871f50efb15764232babaef23e2264c285d7d9",
        bytes: 7_866_070_016,
      },
      Q6_K: { sha256: "11ef0211f2f6a486d8d64e5419b2dbb7e34f23693f19a0e29902bfb91e5b934e" },
    },
  },
  "codellama:13b-python": { repository: "TheBloke/CodeLlama-13B-Python-GGUF" },
  "codellama:34b": { repository: "TheBloke/CodeLlama-34B-GGUF" },
  "codellama:34b-instruct": {
    repository: "TheBloke/CodeLlama-34B-Instruct-GGUF",
    revision: "7b84402c234acb1c5be542b5ecfc820ea3b74422",
    files: {
      Q3_K_S: {
        sha256: "08b5aec470700ed1a703299d95dcf8ece296e99877ee99fbb040f09a79a2e4fa",
        bytes: 14_605_349_024,
      },
      Q4_K_M: {
        sha256: "57290fe55636910ab11b935dbe675d19781d06bd8020594d9135e06477e3c2bf",
        bytes: 20_219_900_064,
      },
    },
  },
  "codellama:34b-python": { repository: "TheBloke/CodeLlama-34B-Python-GGUF" },
  "codellama:70b": { repository: "TheBloke/CodeLlama-70B-hf-GGUF" },
  "codellama:70b-instruct": { repository: "TheBloke/CodeLlama-70B-Instruct-GGUF" },
  "codellama:70b-python": { repository: "TheBloke/CodeLlama-70B-Python-GGUF" },
};
