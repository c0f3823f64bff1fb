/** Who may call the embedded cloud: long-lived access keys of the account, and session tokens of roles. */

/** A RAM policy document, as in the files of `ram/`. */
export interface PolicyDocument {
  readonly Version: "1";
  readonly Statement: readonly {
    readonly Effect: "Allow" | "Deny";
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
  }[];
}

export interface Identity {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Present for session credentials; requests must carry it. */
  readonly securityToken?: string;
  readonly expiresAt?: Date;
  readonly accountId: string;
  readonly roleName?: string;
  /** Absent: the account itself, which may do everything. */
  readonly policies?: readonly PolicyDocument[];
}

export interface Identities {
  find(accessKeyId: string): Identity | undefined;
  /** New credentials `STS.…` of a role, valid for `seconds` from `now`. */
  issueSession(options: { roleName: string; accountId: string; policies?: readonly PolicyDocument[]; seconds: number; now: Date }): Identity;
}
