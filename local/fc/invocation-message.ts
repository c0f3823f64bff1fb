/** What the host and a function's process say to each other over the IPC channel (structured clone, so bytes stay bytes). */

export interface InvocationMessage {
  readonly requestId: string;
  readonly event: Uint8Array;
  /** The documented context but for `requestId` and `logger`, which the process adds. */
  readonly context: {
    readonly credentials: {
      readonly accessKeyId: string;
      readonly accessKeySecret: string;
      readonly securityToken: string;
    };
    readonly function: {
      readonly name: string;
      readonly handler: string;
      readonly memory: number;
      readonly timeout: number;
    };
    /** FC 3.0 has no services: the name is empty. */
    readonly service: {
      readonly name: string;
      readonly logProject: string;
      readonly logStore: string;
      readonly qualifier: string;
      readonly versionId: string;
    };
    readonly region: string;
    readonly accountId: string;
    readonly retryCount: number;
  };
}

/** FC's error object; what was not thrown as an Error has a message only. */
export interface FunctionFailure {
  readonly errorMessage: string;
  readonly errorType?: string;
  readonly stackTrace?: readonly string[];
}

export type InvocationAnswer = { readonly requestId: string; readonly peakMemoryInBytes: number } & (
  | { readonly payload: Uint8Array }
  /** `handled`: given to the callback rather than thrown. */
  | { readonly failure: FunctionFailure; readonly handled: boolean }
);
