// Sizes of GGUF's value types, by their numbers. 8 is a string, 9 an array.
const sizes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const stringType = 8;
const arrayType = 9;

/** The bytes end before the header does. */
class Incomplete extends Error {}

/**
 * Length of a GGUF header: magic, metadata and tensor descriptions. Undefined if more bytes are needed.
 * Does not check the content, which the addon does.
 * @throws RangeError for bytes that are not a GGUF header
 */
export function headerLength(bytes: Buffer): number | undefined {
  try {
    return new HeaderScanner(bytes).length();
  } catch (error) {
    if (error instanceof Incomplete) return undefined;
    throw error;
  }
}

class HeaderScanner {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  length(): number {
    if (this.#bytes.length >= 4 && this.#bytes.toString("latin1", 0, 4) !== "GGUF") {
      throw new RangeError("the file does not begin with GGUF");
    }
    this.#skip(8);
    const tensors = this.#count();
    const entries = this.#count();
    for (let entry = 0; entry < entries; entry++) {
      this.#skip(this.#count());
      this.#value(this.#uint32());
    }
    for (let tensor = 0; tensor < tensors; tensor++) {
      this.#skip(this.#count());
      this.#skip(this.#uint32() * 8 + 12);
    }
    return this.#position;
  }

  #value(type: number): void {
    if (type === stringType) {
      this.#skip(this.#count());
    } else if (type === arrayType) {
      const elementType = this.#uint32();
      const count = this.#count();
      if (elementType === stringType) {
        for (let element = 0; element < count; element++) this.#skip(this.#count());
      } else {
        this.#skip(count * sizeOf(elementType));
      }
    } else {
      this.#skip(sizeOf(type));
    }
  }

  #uint32(): number {
    this.#skip(4);
    return this.#bytes.readUInt32LE(this.#position - 4);
  }

  #count(): number {
    this.#skip(8);
    const count = this.#bytes.readBigUInt64LE(this.#position - 8);
    if (count > BigInt(2 ** 40)) throw new RangeError("a length in the header is too large");
    return Number(count);
  }

  #skip(length: number): void {
    this.#position += length;
    if (this.#position > this.#bytes.length) throw new Incomplete();
  }
}

function sizeOf(type: number): number {
  const size = sizes[type];
  if (size === undefined) throw new RangeError("the header has a value of an unknown type");
  return size;
}
