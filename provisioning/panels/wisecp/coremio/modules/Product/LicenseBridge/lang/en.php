<?php
// SPDX-License-Identifier: Apache-2.0
return [
    'code' => 'en',
    'url' => 'Address of the bridge',
    'url-desc' => 'https://bridge.example, or the whole address of the source\'s events',
    'source' => 'Source',
    'secret' => 'Webhook secret',
    'secret-desc' => 'begins with whsec_; leave ***** to keep the present one',
    'wait' => 'Seconds to wait for an order\'s end (at most 25)',
    'save' => 'Save and test the connection',
    'saved' => 'Connected: the bridge accepts address, source, secret and clock. Saved.',
];
