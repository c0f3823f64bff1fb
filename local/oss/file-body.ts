import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";

const chunkInBytes = 256 * 1024;

/**
 * Streams part of a file and closes it, however the stream ends. A file that turns out shorter is an error, so that
 * the client sees a broken connection and not a body that never comes.
 */
export const fileBody = (file: FileHandle, start: number, length: number): Readable => {
  let position = start;
  const end = start + length;
  return new Readable({
    highWaterMark: chunkInBytes,
    read() {
      if (position >= end) {
        this.push(null);
        return;
      }
      const buffer = Buffer.allocUnsafe(Math.min(chunkInBytes, end - position));
      file.read(buffer, 0, buffer.length, position).then(
        ({ bytesRead }) => {
          if (bytesRead === 0) this.destroy(new Error("The file is shorter than its object."));
          position += bytesRead;
          this.push(buffer.subarray(0, bytesRead));
        },
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      file.close().then(
        () => done(error),
        (closeError) => done(error ?? closeError),
      );
    },
  });
};
