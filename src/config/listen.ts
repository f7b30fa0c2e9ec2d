/** Where the HTTP front takes connections. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** Made with mode 0660 and gone at the end; a stale file of a dead process is replaced. */
  | { readonly kind: "unix"; readonly path: string }
  /** All sockets that systemd, or an earlier corral, has opened and handed over. */
  | { readonly kind: "systemd" };
