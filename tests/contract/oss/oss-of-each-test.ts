import { type EmbeddedOss, settableClock, startEmbeddedOss } from "./embedded-target.ts";
import { type RawAnswer, type RawRequest, sendSigned } from "./signed-request.ts";

/** When the captured requests were made; a request that is signed by hand says that it is sent now. */
export const start = new Date("2026-11-23T10:33:36Z");

/** The set-up of a suite: each test starts an embedded OSS of its own, which ends with it. */
export const ossOfEachTest = () => {
  // Filled by `startAt`, and again by the next test.
  const oss = {} as EmbeddedOss;
  afterEach(() => oss.close());

  /** Gives the clock that the OSS goes by. */
  const startAt = async (time = start, more: Partial<Parameters<typeof startEmbeddedOss>[0]> = {}) => {
    const clock = settableClock(time);
    Object.assign(oss, await startEmbeddedOss({ clock, ...more }));
    return clock;
  };

  /** Sends a request of the bucket's owner. */
  const signed = (raw: Pick<RawRequest, "path"> & Partial<Parameters<typeof sendSigned>[0]>): Promise<RawAnswer> =>
    sendSigned({ endpoint: oss.endpoint, bucket: "images-prod", key: "", date: start, ...raw });

  return { oss, startAt, signed };
};
