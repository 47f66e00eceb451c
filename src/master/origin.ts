import type { IncomingHttpHeaders } from 'node:http';

/** The host name of a Host header, without its port. */
export const hostnameOf = (host: string | undefined): string => {
  try {
    return new URL(`http://${host ?? ''}`).hostname;
  } catch {
    return '';
  }
};

/** Without authentication only who asks for this machine by a name of its own is answered: a page elsewhere whose name was made to lead here is not. */
export const isLoopbackName = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

/** Whether a request comes from a page of this master, or from no page at all. Browsers name the origin with everything that changes state and with every socket. */
export const isSameOrigin = (headers: IncomingHttpHeaders): boolean => {
  const origin = one(headers.origin);
  const site = one(headers['sec-fetch-site']);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return true;
  try {
    // A page elsewhere cannot set X-Forwarded-Host; a proxy that changes Host does.
    return [headers.host, one(headers['x-forwarded-host'])].includes(new URL(origin).host);
  } catch {
    return false;
  }
};

/** Behind TLS, here or at a proxy in front: then the cookie is for TLS only. */
export const isSecure = (protocol: string, headers: IncomingHttpHeaders): boolean =>
  protocol === 'https' || one(headers['x-forwarded-proto']) === 'https';
