export function buildUi(
  root: string,
  options: { readonly outdir: string; readonly version: string; readonly quiet?: boolean },
): Promise<{ readonly gzipBytes: number; readonly files: readonly string[] }>;
