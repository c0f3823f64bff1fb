/** A frame of 20 bytes whose Huffman tree takes its weights from a table that never uses up its bits. */
export const endlessZstd: Buffer = Buffer.from("28b52ffd00385d000042800104f0030101000000", "hex");
