/** What an OSS trigger lets through, and how FC hands an event to the function. */

export interface OssTrigger {
  readonly name: string;
  /** `acs:oss:<region>:<account>:<bucket>` */
  readonly sourceArn: string;
  /** `oss:ObjectCreated:PutObject`, or `oss:ObjectCreated:*` for a whole kind. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

/** The part of an OSS event record that FC looks at; the record has more, which is passed on as it is. */
export interface OssEventRecord {
  /** Without the `oss:` that the trigger's configuration has. */
  readonly eventName: string;
  readonly oss: {
    readonly bucket: { readonly arn: string };
    readonly object: { readonly key: string };
  };
}

/** Prefix and suffix are literal and case-sensitive; an empty one matches every key. */
export const triggerMatches = (trigger: OssTrigger, record: OssEventRecord): boolean => {
  const { key } = record.oss.object;
  return (
    trigger.sourceArn === record.oss.bucket.arn &&
    trigger.events.some(
      (event) =>
        event === `oss:${record.eventName}` ||
        (event.endsWith(":*") && `oss:${record.eventName}`.startsWith(event.slice(0, -1))),
    ) &&
    key.startsWith(trigger.prefix) &&
    key.endsWith(trigger.suffix)
  );
};

/** The payload of an invocation by an OSS trigger: always a list, in practice of one event. */
export const ossTriggerPayload = (record: OssEventRecord): Buffer => Buffer.from(JSON.stringify({ events: [record] }));
