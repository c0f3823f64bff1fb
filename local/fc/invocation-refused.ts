/** An invocation that FC does not accept: no such function, or a payload above the limit. */
export class InvocationRefused extends Error {
  override readonly name = "InvocationRefused";
  readonly status: number;
  /** As in FC's error table. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
