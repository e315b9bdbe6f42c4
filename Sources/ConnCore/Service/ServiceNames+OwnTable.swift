// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension ServiceNames {
  /// What /etc/services may lack, in its own format: today's usual servers, and the classics for a machine without
  /// the file. The names are IANA's where there is one, else what the server itself is called.
  static let ownTable = """
    tcpmux 1/tcp
    echo 7/tcp
    echo 7/udp
    discard 9/tcp sink null
    discard 9/udp sink null
    systat 11/tcp users
    daytime 13/tcp
    daytime 13/udp
    netstat 15/tcp
    qotd 17/tcp quote
    chargen 19/tcp
    chargen 19/udp
    ftp-data 20/tcp
    ftp 21/tcp
    ssh 22/tcp
    telnet 23/tcp
    smtp 25/tcp mail
    time 37/tcp
    time 37/udp
    whois 43/tcp nicname
    tacacs 49/tcp
    domain 53/tcp dns
    domain 53/udp dns
    bootps 67/udp
    bootpc 68/udp
    tftp 69/udp
    gopher 70/tcp
    finger 79/tcp
    http 80/tcp www
    kerberos 88/tcp
    kerberos 88/udp
    pop3 110/tcp
    sunrpc 111/tcp portmapper
    sunrpc 111/udp portmapper
    auth 113/tcp ident
    nntp 119/tcp
    ntp 123/udp
    epmap 135/tcp
    netbios-ns 137/udp
    netbios-dgm 138/udp
    netbios-ssn 139/tcp
    imap2 143/tcp imap
    snmp 161/tcp
    snmp 161/udp
    snmp-trap 162/tcp
    snmp-trap 162/udp
    bgp 179/tcp
    irc 194/tcp
    ldap 389/tcp
    ldap 389/udp
    https 443/tcp
    https 443/udp quic
    microsoft-ds 445/tcp smb
    kpasswd 464/tcp
    kpasswd 464/udp
    submissions 465/tcp smtps
    isakmp 500/udp
    exec 512/tcp
    login 513/tcp
    shell 514/tcp
    syslog 514/udp
    printer 515/tcp
    route 520/udp
    dhcpv6-client 546/udp
    dhcpv6-server 547/udp
    rtsp 554/tcp
    nntps 563/tcp
    submission 587/tcp
    ipp 631/tcp
    ipp 631/udp
    ldaps 636/tcp
    domain-s 853/tcp dot
    domain-s 853/udp doq
    rsync 873/tcp
    ftps-data 989/tcp
    ftps 990/tcp
    telnets 992/tcp
    imaps 993/tcp
    pop3s 995/tcp
    socks 1080/tcp
    openvpn 1194/tcp
    openvpn 1194/udp
    ms-sql-s 1433/tcp
    ms-sql-m 1434/udp
    oracle 1521/tcp
    l2f 1701/udp l2tp
    pptp 1723/tcp
    radius 1812/udp
    radius-acct 1813/udp
    mqtt 1883/tcp
    ssdp 1900/udp
    nfs 2049/tcp
    nfs 2049/udp
    zookeeper 2181/tcp
    docker 2375/tcp
    docker-s 2376/tcp
    etcd-client 2379/tcp etcd
    etcd-server 2380/tcp
    iscsi-target 3260/tcp iscsi
    mysql 3306/tcp
    ms-wbt-server 3389/tcp rdp
    ms-wbt-server 3389/udp rdp
    stun 3478/tcp
    stun 3478/udp turn
    svn 3690/tcp
    ipsec-nat-t 4500/udp
    vxlan 4789/udp
    sip 5060/tcp
    sip 5060/udp
    sip-tls 5061/tcp
    xmpp-client 5222/tcp
    xmpp-server 5269/tcp
    nat-pmp 5351/udp
    mdns 5353/udp
    hostmon 5355/tcp llmnr
    llmnr 5355/udp hostmon
    postgresql 5432/tcp postgres
    amqps 5671/tcp
    amqp 5672/tcp
    vnc 5900/tcp rfb
    couchdb 5984/tcp
    winrm 5985/tcp
    winrm-s 5986/tcp
    x11 6000/tcp
    geneve 6081/udp
    redis 6379/tcp
    kubernetes-api 6443/tcp
    syslog-tls 6514/tcp
    ircs-u 6697/tcp
    cassandra 9042/tcp
    http-alt 8080/tcp webcache
    nats 4222/tcp
    consul 8500/tcp
    consul-dns 8600/tcp
    consul-dns 8600/udp
    vault 8200/tcp
    influxdb 8086/tcp
    https-alt 8443/tcp pcsync-https
    mqtts 8883/tcp
    prometheus 9090/tcp
    kafka 9092/tcp
    alertmanager 9093/tcp
    jetdirect 9100/tcp node-exporter
    elasticsearch 9200/tcp
    elasticsearch-node 9300/tcp
    git 9418/tcp
    minio 9000/tcp
    zabbix-agent 10050/tcp
    zabbix-trapper 10051/tcp
    kubelet 10250/tcp
    memcached 11211/tcp
    memcached 11211/udp
    rabbitmq-management 15672/tcp
    mongodb 27017/tcp
    wireguard 51820/udp

    """
}
