import { type Refusal, refuse } from "./errors.ts";

/** The fields of a form upload, by lower-case name, and the bytes of its file, still to be read. */
export interface PostForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly file: AsyncGenerator<Buffer>;
}

/** All fields before the file together, headers of the parts included. */
const maximumFieldsInBytes = 64 * 1024;

/**
 * Reads a `multipart/form-data` body up to its file, which OSS wants last, and leaves the file to be streamed. A body
 * that ends without its closing boundary makes the stream of the file fail.
 */
export const readPostForm = async (contentType: string, body: AsyncIterable<Buffer>): Promise<PostForm | Refusal> => {
  const boundary = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  if (boundary === null) return refuse("MalformedPOSTRequest");
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`);
  const reader = createReader(body);
  // The first delimiter has no line break before it.
  reader.unread(Buffer.from("\r\n"));
  const fields = new Map<string, string>();
  let size = 0;
  const readText = async (until: Buffer): Promise<string | undefined> => {
    const text = await reader.readUntil(until, maximumFieldsInBytes - size);
    size += (text?.length ?? 0) + until.length;
    return text?.toString("utf8");
  };
  if ((await readText(delimiter)) !== "") return refuse("MalformedPOSTRequest");
  while (size < maximumFieldsInBytes) {
    const head = await readText(Buffer.from("\r\n\r\n"));
    const name = /;\s*name="([^"]*)"/i.exec(head ?? "")?.[1];
    if (head === undefined || name === undefined) return refuse("MalformedPOSTRequest");
    if (name === "file") {
      const fileName = /;\s*filename="([^"]*)"/i.exec(head)?.[1] ?? "";
      return { fields, fileName, file: reader.streamUntil(delimiter) };
    }
    const value = await readText(delimiter);
    if (value === undefined) return refuse("MalformedPOSTRequest");
    fields.set(name.toLowerCase(), value);
  }
  return refuse("MalformedPOSTRequest");
};

const createReader = (body: AsyncIterable<Buffer>) => {
  const chunks = body[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done) return false;
    buffered = Buffer.concat([buffered, next.value]);
    return true;
  };
  return {
    unread: (bytes: Buffer): void => {
      buffered = Buffer.concat([bytes, buffered]);
    },
    /** The bytes before a mark, which is taken too; `undefined` when it does not come within the limit. */
    readUntil: async (mark: Buffer, limitInBytes: number): Promise<Buffer | undefined> => {
      for (;;) {
        const at = buffered.indexOf(mark);
        if (at >= 0 && at <= limitInBytes) {
          const bytes = buffered.subarray(0, at);
          buffered = buffered.subarray(at + mark.length);
          return bytes;
        }
        if (at >= 0 || buffered.length > limitInBytes + mark.length || !(await more())) return undefined;
      }
    },
    streamUntil: async function* (mark: Buffer): AsyncGenerator<Buffer> {
      for (;;) {
        const at = buffered.indexOf(mark);
        if (at >= 0) {
          yield buffered.subarray(0, at);
          return;
        }
        // The end may be the start of the mark.
        const safe = Math.max(0, buffered.length - mark.length + 1);
        if (safe > 0) yield buffered.subarray(0, safe);
        buffered = buffered.subarray(safe);
        if (!(await more())) throw new Error("The form ends without its boundary.");
      }
    },
  };
};
