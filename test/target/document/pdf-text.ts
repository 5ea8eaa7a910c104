/** Reads the text of a PDF as it is printed, page by page, for tests. */
import { inflateSync } from 'node:zlib';

/** @returns lines of each page, as their fonts show them; a figure is `(figure)` */
export function pagesOf(pdf: Buffer): string[] {
  const text = pdf.toString('latin1');
  const streams = [...text.matchAll(/stream\r?\n([\s\S]*?)\r?\nendstream/g)].map(([, body]) =>
    inflated(body!),
  );
  return streams.filter((stream) => stream.includes('BT\n')).map(linesIn);
}

function inflated(body: string): string {
  try {
    return inflateSync(Buffer.from(body, 'latin1')).toString('latin1');
  } catch {
    return ''; // not compressed: none of a page
  }
}

function linesIn(stream: string): string {
  const shown = [...stream.matchAll(/\/Figure <<|\[((?:<[0-9a-f]*>|[-\d. ])*)\] TJ/g)];
  return shown
    .map(([, parts]) => {
      if (parts === undefined) return '(figure)';
      const bytes = [...parts.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => hex).join('');
      return new TextDecoder('windows-1252').decode(Buffer.from(bytes, 'hex'));
    })
    .join('\n');
}
