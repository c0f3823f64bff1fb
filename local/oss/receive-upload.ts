import { rm } from "node:fs/promises";
import { type Refusal, refuse } from "./errors.ts";
import { type IncomingFile, receiveFile } from "./incoming-file.ts";
import type { OperationContext } from "./operation-context.ts";

/** Of PutObject, AppendObject, UploadPart and a form upload alike. */
export const maximumUploadInBytes = 5 * 1024 ** 3;

/**
 * Receives the body of an upload into a temporary file, and checks length and Content-MD5. The caller owns the file
 * then: it is put in place or removed.
 */
export const receiveUpload = async (context: OperationContext): Promise<IncomingFile | Refusal> => {
  const { request, headers, store } = context;
  const declared = headers.get("content-length");
  if (declared === undefined && headers.get("transfer-encoding") === undefined) return refuse("MissingContentLength");
  if (Number(declared ?? 0) > maximumUploadInBytes) return tooLarge;
  const digest = readContentMd5(headers.get("content-md5"));
  if (digest === "malformed") return refuse("InvalidDigest");
  const chunks: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  const file = await receiveFile(chunks, store.temporaryPath(), maximumUploadInBytes);
  if (file === undefined) {
    request.resume();
    return tooLarge;
  }
  if (digest === undefined || digest.equals(file.md5)) return file;
  await removeIncoming(file);
  return refuse("InvalidDigest", {
    message: "The Content-MD5 you specified did not match what we received.",
    details: {
      ClientComputedContentMD5: digest.toString("base64"),
      ServerComputedContentMD5: file.md5.toString("base64"),
    },
  });
};

export const removeIncoming = (file: IncomingFile): Promise<void> => rm(file.path, { force: true });

const tooLarge = refuse("EntityTooLarge", { details: { MaxSizeAllowed: String(maximumUploadInBytes) } });

const readContentMd5 = (header: string | undefined): Buffer | "malformed" | undefined => {
  if (header === undefined) return undefined;
  const digest = Buffer.from(header, "base64");
  return digest.length === 16 && digest.toString("base64") === header.trim() ? digest : "malformed";
};
