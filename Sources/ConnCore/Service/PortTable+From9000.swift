// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 9000 to 65535.
  static let from9000: StaticString = """
    9000/tcp minio =cslistener: MinIO object store; PHP-FPM; SonarQube; ClickHouse
    9001/tcp etlservicemgr tor-orport: Tor relays; supervisord
    9002/tcp dynamid:
    9042/tcp cassandra: Cassandra database, queries
    9050/tcp tor-socks =versiera: Tor's SOCKS proxy, inside a machine
    9051/tcp ~tor-control: Control of Tor
    9060/tcp ~sip-alt: Second SIP; WebSphere administration
    9080/tcp+udp glrpc: Groove; WebSphere
    9090/tcp prometheus =websm cockpit: Prometheus monitoring; Cockpit administration
    9091/tcp pushgateway =xmltec-xmlmail transmission: Prometheus push gateway; Transmission BitTorrent
    9092/tcp kafka =XmlIpcRegSvc: Kafka messages
    9093/tcp alertmanager =copycat: Prometheus Alertmanager; Kafka over TLS
    9094/tcp ~alertmanager-cluster: Prometheus Alertmanagers among each other
    9094/udp ~alertmanager-cluster: Prometheus Alertmanagers among each other
    9098/tcp ~xinetd: Information of xinetd
    9100/tcp jetdirect =hp-pdl-datastr pdl-datastream node-exporter: Raw print jobs; Prometheus node exporter
    9101/tcp bacula-dir: Bacula backup, director
    9102/tcp bacula-fd: Bacula backup, files
    9103/tcp bacula-sd: Bacula backup, storage
    9104/tcp mysqld-exporter =peerwire: Prometheus exporter of MySQL
    9115/tcp ~blackbox-exporter: Prometheus probes of other hosts
    9187/tcp ~postgres-exporter: Prometheus exporter of PostgreSQL
    9200/tcp elasticsearch =wap-wsp opensearch: Elasticsearch and OpenSearch, API
    9200/udp wap-wsp: WAP gateways of mobile phones
    9300/tcp elasticsearch-node =vrace: Elasticsearch between nodes
    9308/tcp ~kafka-exporter: Prometheus exporter of Kafka
    9389/tcp adws: Active Directory web services
    9411/tcp ~zipkin: Zipkin traces
    9418/tcp git: Git, neither encrypted nor with passwords
    9443/tcp tungsten-https: Often web pages of an administration over TLS
    9535/tcp+udp mngsuite: LANDesk management
    9600/tcp+udp micromuse-ncpw: Logstash's API; OMRON controllers
    9667/tcp+udp xmms2: XMMS2 music player
    9673/tcp+udp ~zope:
    9696/tcp ~neutron: OpenStack networks
    9735/tcp ~lightning: Bitcoin Lightning nodes
    9993/tcp palace-2: Palace
    9993/udp ~zerotier: ZeroTier virtual networks
    9997/tcp splunk-forward =palace-6: Splunk takes forwarded data
    9999/tcp distinct:
    10000/tcp webmin =ndmp snet-sensor-mgmt: Webmin administration; NDMP backup
    10000/udp ndmp: Backup of storage devices
    10001/tcp+udp scp-config: SCP configuration; finding of Ubiquiti devices by udp
    10050/tcp zabbix-agent: Zabbix monitoring, agent
    10051/tcp zabbix-trapper: Zabbix monitoring, server
    10080/tcp+udp amanda: Amanda backup
    10081/tcp+udp famdc kamanda: Amanda backup with Kerberos
    10082/tcp ~amandaidx: Amanda backup, index
    10083/tcp ~amidxtape: Amanda backup, tapes
    10161/tcp snmptls: SNMP over TLS
    10161/udp snmpdtls: SNMP over DTLS
    10162/tcp snmptls-trap: SNMP traps over TLS
    10162/udp snmpdtls-trap: SNMP traps over DTLS
    10248/tcp ~kubelet-health: Kubernetes node agent, health
    10249/tcp ~kube-proxy-metrics: Kubernetes proxy, metrics
    10250/tcp ~kubelet: Kubernetes node agent
    10255/tcp ~kubelet-readonly: Kubernetes node agent, without authentication
    10256/tcp ~kube-proxy: Kubernetes proxy, health
    10257/tcp ~kube-controller-manager: Kubernetes controllers
    10259/tcp ~kube-scheduler: Kubernetes scheduler
    10809/tcp nbd: Disks over the network, of Linux
    11112/tcp dicom: Medical images
    11201/tcp+udp smsqp: Shared memory of SMSQP
    11211/tcp memcached =memcache: Memcached in-memory cache
    11211/udp memcached =memcache: Memcached; misused to amplify attacks
    11371/tcp hkp pgpkeyserver: OpenPGP key servers
    11434/tcp ~ollama: Ollama language models
    13720/tcp+udp bprd: NetBackup, requests
    13721/tcp+udp bpdbm: NetBackup, database
    13722/tcp ~bpjava-msvc: NetBackup, Java
    13724/tcp+udp vnetd: NetBackup, network
    13782/tcp+udp bpcd: NetBackup, client
    13783/tcp+udp vopied: NetBackup, authentication
    15345/tcp+udp xpilot: XPilot game
    15672/tcp ~rabbitmq-management: RabbitMQ's web pages
    16379/tcp ~redis-cluster: Redis nodes among each other
    16509/tcp ~libvirt: libvirt, virtual machines
    16514/tcp ~libvirt-tls: libvirt over TLS
    16992/tcp amt-soap-http: Intel AMT: machines out of band
    16993/tcp amt-soap-https: Intel AMT over TLS
    17001/udp ~sgi-cmsd: Cluster membership of SGI
    17002/udp ~sgi-crsd: Cluster resets of SGI
    17003/udp ~sgi-gcd: Group communication of SGI clusters
    17004/tcp ~sgi-cad: Administration of SGI clusters
    17500/tcp db-lsp dropbox: Dropbox on the local network
    17500/udp db-lsp-disc dropbox: Dropbox finds others of the local network
    18091/tcp ~couchbase-tls: Couchbase over TLS
    19132/udp ~minecraft-bedrock: Minecraft, Bedrock edition
    19302/udp ~google-stun: STUN of Google's calls
    19999/tcp dnp-sec netdata: Netdata monitoring; DNP3 over TLS
    20000/tcp dnp usermin: DNP3: power grids; Usermin by tcp
    20000/udp dnp: DNP3: power grids
    22000/tcp syncthing =snapenetio:
    22000/udp syncthing =snapenetio: Syncthing over QUIC
    22125/tcp+udp dcap: Files of dCache
    22128/tcp+udp gsidcap: Files of dCache, with certificates
    22273/tcp+udp wnn6 wnn4: Japanese input, Wnn6
    23399/tcp+udp ~skype: Skype of older versions
    24007/tcp ~gluster: GlusterFS daemon
    24554/tcp+udp binkp: FidoNet mail over the Internet
    25565/tcp ~minecraft: Minecraft, Java edition
    25575/tcp ~minecraft-rcon: Minecraft, remote console
    25826/udp ~collectd: collectd metrics
    26000/tcp+udp quake: Quake game
    26257/tcp ~cockroachdb:
    27000-27009/tcp flex-lm: Licences of FlexNet
    27015/tcp ~source-rcon: Game servers of Valve, remote console
    27015/udp ~source-engine: Game servers of Valve: Counter-Strike and others
    27017/tcp mongodb:
    27018/tcp ~mongodb-shard: MongoDB, shards
    27019/tcp ~mongodb-config: MongoDB, configuration servers
    27374/tcp+udp asp: Address search
    27960/udp ~quake3: Quake III game
    28015/tcp ~rethinkdb:
    28017/tcp ~mongodb-http: MongoDB's web pages, old versions
    30303/tcp ~ethereum: Ethereum nodes
    30303/udp ~ethereum: Ethereum nodes find each other
    30865/tcp ~csync2: Synchronisation of cluster configuration
    31416/tcp boinc =xqosd: BOINC, computing for research
    32400/tcp plex: Plex media server
    32768/tcp+udp filenet-tms:
    32769/tcp+udp filenet-rpc:
    33060/tcp mysqlx: MySQL, X protocol
    33434/udp traceroute: Where traceroute sends its first datagram
    33848/udp ~jenkins-discovery: Jenkins is found here
    34197/udp ~factorio: Factorio game
    34962/udp profinet-rt: PROFINET: factories, real time
    34963/udp profinet-rtm: PROFINET: factories, multicast
    34964/udp profinet-cm: PROFINET: factories, context
    37008/udp ~tzsp: Copies of packets, TaZmen sniffer
    41641/udp ~tailscale: Tailscale virtual networks
    44818/tcp EtherNet-IP-2 enip: EtherNet/IP: controllers of factories
    44818/udp EtherNet-IP-2 enip: EtherNet/IP: controllers of factories
    47808/udp bacnet: Building control
    49152-49159/tcp ~gluster-brick: GlusterFS bricks; first ports for clients by IANA
    50000/tcp ~db2 jenkins-agent: IBM DB2; Jenkins agents; SAP
    50051/tcp ~grpc: Customary for gRPC examples
    50070/tcp ~hdfs-web: Hadoop file system, web pages, old versions
    51413/tcp ~transmission: Transmission BitTorrent client
    51413/udp ~transmission: Transmission BitTorrent client
    51820/udp ~wireguard: WireGuard tunnels
    57000/tcp ~dircproxy: IRC proxy that stays connected
    60177/tcp+udp ~tfido: FidoNet over telnet
    60179/tcp+udp ~fido: FidoNet
    61613/tcp ~stomp: STOMP messages: ActiveMQ, RabbitMQ
    61614/tcp ~stomp-tls: STOMP messages over TLS
    61616/tcp ~activemq: ActiveMQ messages
    62078/tcp ~iphone-sync: Synchronisation of iPhones
    64738/tcp ~murmur: Mumble voice chat
    64738/udp ~murmur: Mumble voice chat

    """
}
