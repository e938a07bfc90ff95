// SPDX-License-Identifier: Apache-2.0
// The page and its filters stand behind the address's '#', which no server and no log ever sees.
import { useEffect, useState } from './vendor/htm-preact-3.1.1.js'

export function read() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?')
  return { path: path.split('/').map(decodeURIComponent), params: Object.fromEntries(new URLSearchParams(query || '')) }
}

export function href(path, params) {
  const given = Object.entries(params || {}).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const parts = path.split('/').map(encodeURIComponent).join('/')
  return `#/${parts}${given.length ? '?' + new URLSearchParams(given) : ''}`
}

export function go(path, params) {
  location.hash = href(path, params)
}

export function useRoute() {
  const [route, set] = useState(read)
  useEffect(() => {
    const changed = () => set(read())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return route
}
