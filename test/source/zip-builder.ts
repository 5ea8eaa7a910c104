/** Builds zip files and workbooks for tests, honest ones and such as lie about themselves. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface Part {
  readonly name: string;
  readonly content: string | Buffer;
  /** size that the directory declares; default the true one */
  readonly declared?: number;
  /** bit 0: encrypted */
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
}

/** @returns a zip of these parts, deflated */
export function zipOf(parts: readonly Part[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const content = Buffer.from(part.content);
    const packed = part.method === 0 ? content : deflateRawSync(content);
    const name = Buffer.from(part.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(part.flags ?? 0, 2);
    common.writeUInt16LE(part.method ?? 8, 4);
    common.writeUInt32LE(part.crc ?? crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(part.declared ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, packed]);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02', 'latin1');
    common.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, name);
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

/** Sheets by name: the XML of their rows. */
export interface Book {
  readonly sheets: Readonly<Record<string, string>>;
  readonly is1904?: boolean;
  /** XML within `sst` */
  readonly shared?: string;
  /** format codes of cell styles 1, 2, … */
  readonly formats?: readonly string[];
  readonly more?: readonly Part[];
}

/** @returns the parts of a workbook; relation targets are absolute, as some programs write them */
export function bookParts(book: Book): Part[] {
  const names = Object.keys(book.sheets);
  const formats = book.formats ?? [];
  return [
    ...Object.values(book.sheets).map((rows, i) => ({
      name: `xl/worksheets/part${i + 1}.xml`,
      content: `<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>${rows}</sheetData></worksheet>`,
    })),
    {
      name: 'xl/workbook.xml',
      content: `<x:workbook xmlns:x="main"><x:workbookPr date1904="${book.is1904 ? 1 : 0}"/><x:sheets>${names
        .map((name, i) => `<x:sheet name="${name}" sheetId="${i + 1}" rel:id="r${i + 1}"/>`)
        .join('')}</x:sheets></x:workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: `<Relationships>${names
        .map((_, i) => `<Relationship Id="r${i + 1}" Target="/xl/worksheets/part${i + 1}.xml"/>`)
        .join('')}</Relationships>`,
    },
    { name: 'xl/sharedStrings.xml', content: `<sst>${book.shared ?? ''}</sst>` },
    {
      name: 'xl/styles.xml',
      content: `<styleSheet><numFmts>${formats
        .map((code, i) => `<numFmt numFmtId="${200 + i}" formatCode="${code}"/>`)
        .join(
          '',
        )}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${formats
        .map((_, i) => `<xf numFmtId="${200 + i}"/>`)
        .join('')}<xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>`,
    },
    ...(book.more ?? []),
  ];
}

/** @returns a row of inline texts */
export function textRow(number: number, cells: readonly string[]): string {
  const column = (i: number): string => String.fromCharCode(65 + i);
  return `<row r="${number}">${cells
    .map((cell, i) => `<c r="${column(i)}${number}" t="inlineStr"><is><t>${cell}</t></is></c>`)
    .join('')}</row>`;
}
