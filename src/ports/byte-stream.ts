/** One TCP connection, without TCP in it. */
export interface ByteStream {
  /** "host:port" of the far end. */
  readonly remote: string;
  /** One call is one write to the kernel, in order. After the end it does nothing. */
  write(bytes: Uint8Array): void;
  /** The chunk is borrowed: copy what must outlive the call. */
  onData(listener: (chunk: Uint8Array) => void): Disposable;
  /** Called exactly once, however the connection ended; `undefined` when either side closed it in order. */
  onEnd(listener: (reason: Error | undefined) => void): Disposable;
  /** Sends what is queued, then closes. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Ask for TLS, and of whom. */
export interface TlsTerms {
  /** SHA-256 of the server's certificate (DER), hex: it alone is believed. Absent: what the system's authorities vouch for. */
  readonly pinnedSha256?: string;
}

export interface Dialer {
  /**
   * Connects with `setNoDelay`, and with TLS where `tls` is given. Rejects with the system's error, or with the signal's
   * reason when aborted; with a WireError "bad-certificate" for a server that TLS does not believe.
   */
  dial(host: string, port: number, signal: AbortSignal, tls?: TlsTerms): Promise<ByteStream>;
}
