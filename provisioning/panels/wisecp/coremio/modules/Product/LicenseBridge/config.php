<?php
// SPDX-License-Identifier: Apache-2.0
return [
    'created_at' => 1795262400,
    'group' => 'other',
    'status' => false,
    'meta' => ['name' => 'License Bridge', 'version' => '1.0', 'author' => 'License Bridge', 'logo' => 'logo.png'],
    'settings' => ['url' => '', 'source' => '', 'secret' => '', 'wait' => 15],
    'configurable-option-params' => [],
];
