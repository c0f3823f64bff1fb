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

/** `ImplicitDeny`: nothing allows it. `ExplicitDeny`: a Deny statement names it, which outweighs every Allow. */
export type Decision = "Allow" | "ImplicitDeny" | "ExplicitDeny";

/** Whether a caller may do something was asked and decided. */
export interface PermissionQuestion {
  /** e.g. `oss:GetObject`. */
  readonly action: string;
  /** e.g. `acs:oss:*:1234:bucket/key`. */
  readonly resource: string;
  readonly decision: Decision;
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
  /** Hears of every question about this caller. */
  readonly onQuestion?: (question: PermissionQuestion) => void;
}

export interface Identities {
  find(accessKeyId: string): Identity | undefined;
  /** New credentials `STS.…` of a role, valid for `seconds` from `now`. */
  issueSession(options: {
    roleName: string;
    accountId: string;
    policies?: readonly PolicyDocument[];
    seconds: number;
    now: Date;
  }): Identity;
}
