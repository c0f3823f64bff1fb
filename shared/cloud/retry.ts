import type { Clock } from "../clock.ts";
import { isCloudError } from "./cloud-error.ts";
import type { ObjectStore } from "./ports.ts";

/** How long an invocation may go on, and whose time it is. */
export interface Patience {
  readonly clock: Clock;
  /** Nothing new is begun after this moment. */
  readonly deadline: Date;
  /** 0 to 1; jitter keeps many instances from retrying in step. */
  readonly random: () => number;
}

export const isThrottling = (code: string): boolean =>
  code.includes("Throttling") ||
  code === "TooManyRequests" ||
  code === "DownloadTrafficRateLimitExceeded" ||
  code === "UploadTrafficRateLimitExceeded" ||
  code === "QpsLimitExceeded";

/**
 * The pause before try number `tries + 1`: "equal jitter" (of the AWS Architecture Blog's "Exponential Backoff And Jitter"),
 * which is 50 to 100 % of a ceiling that doubles from 400 ms to 10 s; or what the service asks, if that is longer.
 */
export function pauseInMilliseconds(tries: number, random: () => number, askedFor = 0): number {
  const ceiling = Math.min(10_000, 200 * 2 ** tries);
  return Math.max(askedFor, Math.round(ceiling * (0.5 + random() / 2)));
}

/**
 * Repeats `call` while `isTransient` says so and the deadline allows another pause. The last error is thrown as it is.
 * `maximumTries` bounds the number of requests whatever the time.
 */
export async function withRetries<T>(
  call: () => Promise<T>,
  isTransient: (error: unknown) => boolean,
  patience: Patience,
  maximumTries = 5,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const asked = isCloudError(error) ? (error.retryAfterInMilliseconds ?? 0) : 0;
      const pause = pauseInMilliseconds(tries, patience.random, asked);
      const timeLeft = patience.deadline.getTime() - patience.clock.now().getTime();
      if (!isTransient(error) || tries >= maximumTries || pause >= timeLeft) throw error;
      await patience.clock.sleep(pause);
    }
  }
}

const isTransientForOss = (error: unknown): boolean =>
  isCloudError(error) && (error.outcomeUnknown || isThrottling(error.code) || error.status === 429);

/** Larger than any object that is created. */
const largestCreatedInBytes = 1024 * 1024;

/**
 * An object store whose operations are repeated while that can help. `create` is true also when an earlier try of the
 * same call made the object though its answer was lost: so each body that is created must be unlike any other's.
 */
export function retryingObjects(objects: ObjectStore, patience: Patience): ObjectStore {
  const again = <T>(call: () => Promise<T>): Promise<T> => withRetries(call, isTransientForOss, patience);
  return {
    stat: (object) => again(() => objects.stat(object)),
    read: (object, maximumBytes) => again(() => objects.read(object, maximumBytes)),
    readRange: (object, range) => again(() => objects.readRange(object, range)),
    create: (object, body) => {
      let isOurs: () => Promise<boolean> = async () => false;
      return again(async () => {
        try {
          return (await objects.create(object, body)) || (await isOurs());
        } catch (error) {
          if (isCloudError(error) && error.outcomeUnknown) {
            isOurs = async () => (await objects.read(object, largestCreatedInBytes))?.body.toString("utf8") === body;
          }
          throw error;
        }
      });
    },
    put: (object, body, contentType) => again(() => objects.put(object, body, contentType)),
    delete: (object) => again(() => objects.delete(object)),
    list: (bucket, page) => again(() => objects.list(bucket, page)),
    bucket: (name) => again(() => objects.bucket(name)),
  };
}
