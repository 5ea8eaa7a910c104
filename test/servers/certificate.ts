/** Makes a key and a certificate for this machine's loopback address, so that a test can serve TLS without files or tools. */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface Certificate {
  /** PEM; it is its own authority */
  readonly cert: string;
  /** PEM */
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** ASN.1 object identifiers, encoded. @source RFC 5480, RFC 5280 */
const ECDSA_WITH_SHA256 = der(0x06, bytes('2a8648ce3d040302'));
const COMMON_NAME = der(0x06, bytes('550403'));
const SUBJECT_ALT_NAME = der(0x06, bytes('551d11'));
const BASIC_CONSTRAINTS = der(0x06, bytes('551d13'));

/**
 * @param called its name, by which authorities are told apart
 * @returns a certificate for 127.0.0.1 that holds from yesterday until in a year
 * @source RFC 5280, 4.1
 */
export function loopbackCertificate(called = 'loopback'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = list(der(0x31, list(COMMON_NAME, der(0x0c, Buffer.from(called)))));
  const body = list(
    der(0xa0, der(0x02, bytes('02'))), // version 3
    der(0x02, bytes('01')), // serial number
    list(ECDSA_WITH_SHA256),
    name,
    list(time(Date.now() - DAY_MS), time(Date.now() + 365 * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      list(
        list(SUBJECT_ALT_NAME, der(0x04, list(der(0x87, bytes('7f000001'))))),
        list(BASIC_CONSTRAINTS, der(0x04, list(der(0x01, bytes('ff'))))),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const whole = list(body, list(ECDSA_WITH_SHA256), der(0x03, Buffer.concat([bytes('00'), signature])));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** @returns tag, length and content */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function list(...members: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(members));
}

/** UTCTime: two digits of the year, to the second. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}
