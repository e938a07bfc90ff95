<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * The bridge as a panel module sees it: sends signed events, reads what is the source's own, and checks the
 * signature of callbacks. One file for every panel, PHP 7.4 and its curl and json extensions, nothing else.
 *
 * What may be repeated is repeated here: a delivery without a clear answer goes out again with the same id, the
 * same bytes and a fresh signature, which changes nothing at the bridge. Secrets stay in this object: they are
 * in no URL, no body, no message of an error and no entry of a log.
 */
namespace LicenseBridge;

/** Something that staff should read; never has a secret in it. */
class Trouble extends \RuntimeException
{
}

/** What the bridge answered; status 0: nobody answered. */
final class Answer
{
    public int $status;
    public array $body;
    public string $error;
    public int $retryAfter;

    public function __construct(int $status, array $body, string $error = '', int $retryAfter = 0)
    {
        $this->status = $status;
        $this->body = $body;
        $this->error = $error;
        $this->retryAfter = $retryAfter;
    }

    /** Stored, or done: from now on it is the bridge's to carry out. */
    public function accepted(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /** Nothing is known, so the same bytes have to be sent again. */
    public function unknown(): bool
    {
        return $this->status === 0 || $this->status === 429 || $this->status >= 500;
    }

    public function text(string $member): string
    {
        return isset($this->body[$member]) && is_scalar($this->body[$member]) ? (string) $this->body[$member] : '';
    }

    /** What went wrong, for people. */
    public function problem(): string
    {
        $detail = $this->text('detail') !== '' ? $this->text('detail') : $this->error;
        return trim(($this->status > 0 ? "HTTP {$this->status}: " : '') . $detail, ': ');
    }
}

final class Client
{
    public const FINISHED = ['succeeded', 'failed', 'cancelled'];
    private const ANSWER_MAX = 4194304;
    private const COMMIT_SECONDS = 15; // a commit at the bridge may take ten
    private const PAUSES = [1, 2, 4, 8];

    private string $base;
    private string $source;
    private array $secrets;
    private int $wait;
    private int $patience;
    private string $caFile;
    /** @var callable|null (string $action, string $request, string $answer, array $hide) */
    private $log;

    /**
     * $url: "https://bridge.example" with the source's name in $source, or the whole address of its events.
     * $secrets: one or more "whsec_…", separated by blanks; the first one signs.
     * $options: wait (seconds that an order's end is waited for), patience (seconds for all tries of one delivery),
     * ca_file, log.
     */
    public function __construct(string $url, string $source, string $secrets, array $options = [])
    {
        [$this->base, $this->source] = self::place(trim($url), trim($source));
        $this->secrets = self::secretsRead($secrets);
        if ($this->secrets === []) {
            throw new Trouble('The webhook secret is missing: it begins with whsec_ and the bridge\'s administrator has it.');
        }
        $this->wait = max(0, min(25, (int) ($options['wait'] ?? 15)));
        $this->patience = max(1, (int) ($options['patience'] ?? 50));
        $this->caFile = (string) ($options['ca_file'] ?? '');
        $this->log = $options['log'] ?? null;
    }

    /** [base, source] of what a person pasted. */
    private static function place(string $url, string $source): array
    {
        if ($url !== '' && strpos($url, '://') === false) {
            $url = 'https://' . $url;
        }
        $parts = parse_url($url);
        $scheme = strtolower($parts['scheme'] ?? '');
        $host = strtolower($parts['host'] ?? '');
        if ($host === '' || !in_array($scheme, ['https', 'http'], true) || isset($parts['user']) || isset($parts['query'])) {
            throw new Trouble('The address of the bridge is not an https:// address.');
        }
        if ($scheme === 'http' && !in_array($host, ['127.0.0.1', '[::1]', 'localhost'], true)) {
            throw new Trouble('The address of the bridge must begin with https://; plain http only leads to this machine itself.');
        }
        $path = rtrim($parts['path'] ?? '', '/');
        if (preg_match('~^(.*)/v1/events/([^/]+)$~', $path, $found)) {
            $path = $found[1];
            $source = $source !== '' ? $source : rawurldecode($found[2]);
        }
        if ($source === '') {
            throw new Trouble('The name of the source is missing: the bridge\'s administrator knows it.');
        }
        return ["$scheme://$host" . (isset($parts['port']) ? ':' . $parts['port'] : '') . $path, $source];
    }

    /** The keys in a text of "whsec_…" words: what was pasted => the bytes that sign. */
    public static function secretsRead(string $text): array
    {
        $keys = [];
        foreach (preg_split('/\s+/', trim($text), -1, PREG_SPLIT_NO_EMPTY) as $word) {
            $key = strncmp($word, 'whsec_', 6) === 0 ? base64_decode(substr($word, 6), true) : false;
            if ($key !== false && strlen($key) >= 24 && strlen($key) <= 64) {
                $keys[$word] = $key;
            }
        }
        return $keys;
    }

    /** What must never be shown: for a panel's own scrubbing of its log. */
    public function hide(): array
    {
        $hide = [];
        foreach (array_keys($this->secrets) as $word) {
            array_push($hide, (string) $word, substr((string) $word, 6));
        }
        return $hide;
    }

    private function headers(string $id, string $signed): array
    {
        $time = (string) time();
        $key = reset($this->secrets);
        return ["webhook-id: $id", "webhook-timestamp: $time", 'webhook-signature: v1,'
            . base64_encode(hash_hmac('sha256', "$id.$time.$signed", $key, true))];
    }

    public static function deliveryId(): string
    {
        return 'msg_' . bin2hex(random_bytes(16));
    }

    /** A whole event as it is signed and stored. */
    public static function event(string $type, array $data): string
    {
        return json_encode(['type' => $type, 'timestamp' => gmdate('Y-m-d\TH:i:s\Z'), 'schema' => 1,
            'data' => $data === [] ? new \stdClass() : $data],
            JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
    }

    /**
     * Sends an event's bytes until there is an answer or the patience is over, always under the same delivery id.
     * With waiting, the answer tells the order's end where it comes in time.
     */
    public function send(string $body, bool $waiting = true): Answer
    {
        $id = self::deliveryId();
        $path = '/v1/events/' . rawurlencode($this->source);
        $end = microtime(true) + $this->patience;
        for ($try = 0;; $try++) {
            $left = max(1, (int) floor($end - microtime(true)));
            $wait = $waiting ? max(0, min($this->wait, $left - self::COMMIT_SECONDS)) : 0;
            $headers = array_merge($this->headers($id, $body), ['content-type: application/json'],
                $wait > 0 ? ["prefer: wait=$wait"] : []);
            $answer = $this->request('POST', $path, $headers, $body, min($left, $wait + self::COMMIT_SECONDS));
            $pause = max($answer->retryAfter, self::PAUSES[min($try, count(self::PAUSES) - 1)]);
            if (!$answer->unknown() || microtime(true) + $pause >= $end) {
                return $answer;
            }
            sleep($pause);
        }
    }

    /** Proves address, source, secret and clock without touching anything; throws what is wrong. */
    public function ping(): void
    {
        $answer = $this->send(self::event('test.ping', []), false);
        if ($answer->status !== 200 || ($answer->body['ok'] ?? null) !== true) {
            throw new Trouble($answer->problem() !== '' ? $answer->problem() : 'This is no License Bridge.');
        }
    }

    private function read(string $path, string $query = ''): Answer
    {
        return $this->request('GET', $path . $query, $this->headers(self::deliveryId(), $path), null,
            self::COMMIT_SECONDS);
    }


    private function readList(string $path, string $query = ''): array
    {
        $answer = $this->read($path, $query);
        if ($answer->status !== 200) {
            throw new Trouble($answer->problem());
        }
        return $answer->body;
    }

    /** The order as the bridge has it now. */
    public function order(string $orderId): Answer
    {
        return $this->read('/v1/orders/' . rawurlencode($orderId));
    }

    /** The service's newest orders with what was tried; [] when there are none. */
    public function serviceOrders(string $serviceId): array
    {
        $answer = $this->read('/v1/services/' . rawurlencode($serviceId));
        if ($answer->status === 404) {
            return [];
        }
        if ($answer->status !== 200) {
            throw new Trouble($answer->problem());
        }
        return $answer->body['orders'] ?? [];
    }

    /** The products that this source may order: code => what to show. */
    public function products(): array
    {
        $list = [];
        foreach ($this->readList('/v1/products')['products'] ?? [] as $product) {
            $list[(string) $product['code']] = $product['code'] . ' (' . $product['provider'] . ')';
        }
        return $list;
    }

    /** All licenses of this source. */
    public function licenses(): array
    {
        $all = [];
        $query = '?limit=500';
        do {
            $page = $this->readList('/v1/licenses', $query);
            $all = array_merge($all, $page['licenses'] ?? []);
            $query = '?limit=500&after=' . rawurlencode((string) ($page['next_after'] ?? ''));
        } while (isset($page['next_after']));
        return $all;
    }

    private function request(string $method, string $path, array $headers, ?string $body, int $seconds): Answer
    {
        $raw = '';
        $retryAfter = 0;
        $curl = curl_init($this->base . $path);
        $options = [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => array_merge($headers, ['accept: application/json', 'expect:']),
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_CONNECTTIMEOUT => min(10, $seconds),
            CURLOPT_TIMEOUT => $seconds,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_USERAGENT => 'license-bridge-panel/1',
            CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$retryAfter) {
                if (preg_match('/^retry-after:\s*(\d{1,4})\s*$/i', $line, $found)) {
                    $retryAfter = (int) $found[1];
                }
                return strlen($line);
            },
            CURLOPT_WRITEFUNCTION => function ($curl, $piece) use (&$raw) {
                $raw .= $piece;
                return strlen($raw) <= self::ANSWER_MAX ? strlen($piece) : 0;
            },
        ];
        if ($body !== null) {
            $options[CURLOPT_POSTFIELDS] = $body;
        }
        if ($this->caFile !== '') {
            $options[CURLOPT_CAINFO] = $this->caFile;
        }
        curl_setopt_array($curl, $options);
        $good = curl_exec($curl);
        $status = $good === false ? 0 : (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $error = $good === false ? 'no answer from the bridge: ' . curl_error($curl) : '';
        curl_close($curl);
        $members = json_decode($raw, true, 32);
        $this->logEntry("$method $path", (string) $body, $status > 0 ? "$status $raw" : $error);
        return new Answer($status, is_array($members) ? $members : [], $error, $retryAfter);
    }

    private function logEntry(string $action, string $request, string $answer): void
    {
        if ($this->log !== null) {
            ($this->log)($action, str_replace($this->hide(), '***', $request), str_replace($this->hide(), '***', $answer),
                $this->hide());
        }
    }
}

/** A callback that was refused; the code is the HTTP status to answer with. */
final class CallbackRefused extends Trouble
{
}

/** One signed notice from the bridge. */
final class Callback
{
    private const TOLERANCE = 300;
    private const BODY_MAX = 1048576;

    public string $id;
    public string $type;
    public array $data;

    /**
     * Checks signature and time over the raw bytes before anything is parsed.
     * $headers: names in lower case; $keys: of Client::secretsRead(), any of which may have signed.
     */
    public static function read(array $headers, string $body, array $keys, int $now): self
    {
        $id = (string) ($headers['webhook-id'] ?? '');
        $time = (string) ($headers['webhook-timestamp'] ?? '');
        $list = (string) ($headers['webhook-signature'] ?? '');
        if (strlen($body) > self::BODY_MAX) {
            throw new CallbackRefused('too long', 413);
        }
        if (!preg_match('/^[!-~]{1,128}$/', $id) || strpos($id, '.') !== false || !preg_match('/^\d{1,12}$/', $time)
            || abs($now - (int) $time) > self::TOLERANCE) {
            throw new CallbackRefused('the webhook headers are missing or too old', 401);
        }
        if (!self::signed("$id.$time.$body", $list, $keys)) {
            throw new CallbackRefused('the signature fits no secret', 401);
        }
        $event = json_decode($body, true, 32);
        if (!is_array($event) || !is_string($event['type'] ?? null) || !is_array($event['data'] ?? null)) {
            throw new CallbackRefused('this is no notice', 400);
        }
        $callback = new self();
        $callback->id = $id;
        $callback->type = $event['type'];
        $callback->data = $event['data'];
        return $callback;
    }

    /** Every key is compared with every signature, so that the time says nothing. */
    private static function signed(string $message, string $list, array $keys): bool
    {
        $good = false;
        foreach ($keys as $key) {
            $mine = base64_encode(hash_hmac('sha256', $message, $key, true));
            foreach (array_slice(explode(' ', $list), 0, 20) as $word) {
                $good = (strncmp($word, 'v1,', 3) === 0 && hash_equals($mine, substr($word, 3))) || $good;
            }
        }
        return $good;
    }

    /** The request's headers as read() wants them. */
    public static function headersOf(array $server): array
    {
        $headers = [];
        foreach ($server as $name => $value) {
            if (strncmp((string) $name, 'HTTP_', 5) === 0 && is_string($value)) {
                $headers[strtolower(str_replace('_', '-', substr($name, 5)))] = $value;
            }
        }
        return $headers;
    }
}
