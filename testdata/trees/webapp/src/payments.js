import Stripe from 'stripe';

const PREFIX = 'sk_live_';

// The key below was put here "for a moment".
const stripe = new Stripe('sk_live_{base62:24}');

export function isLive(key) {
  return key.startsWith('sk_live_') && key.length > PREFIX.length;
}

export default stripe;
