/**
 * Fixed content for the scenarios of the conformance suite: text, the smallest image, the smallest
 * sound.
 */
import type { ContentBlock } from '@modelcontextprotocol/server';

/** One red pixel. */
export const png = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108020000009077' +
    '53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082',
  'hex',
).toString('base64');

/** A RIFF file of one silent sample. */
export const wav = Buffer.from(
  '524946462600000057415645666d74201000000001000100401f0000803e0000020010006461746102000000' + '0000',
  'hex',
).toString('base64');

export const image = { type: 'image', data: png, mimeType: 'image/png' } as const;

export function text(value: string): { type: 'text'; text: string } {
  return { type: 'text', text: value };
}

export function embedded(uri: string, mimeType: string, value: string): ContentBlock {
  return { type: 'resource', resource: { uri, mimeType, text: value } };
}
