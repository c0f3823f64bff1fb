// @alicloud/fc2 has no declarations: what the tests use of it.
declare module "@alicloud/fc2" {
  interface Answer {
    readonly headers: Readonly<Record<string, string>>;
    readonly data: never;
  }
  class Client {
    constructor(
      accountId: string,
      config: {
        accessKeyID: string;
        accessKeySecret: string;
        securityToken?: string;
        region: string;
        endpoint: string;
      },
    );
    invokeFunction(
      service: string,
      functionName: string,
      event: string | Buffer,
      headers?: Readonly<Record<string, string>>,
      qualifier?: string,
      options?: { readonly rawBuf: boolean },
    ): Promise<Answer>;
    listServices(): Promise<Answer>;
  }
  export = Client;
}
