// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 6000 to 8999.
  static let from6000: StaticString = """
    6000/tcp x11 x11-0: X window display 0: keyboard and screen for whoever may connect
    6001/tcp x11-1: X window display 1
    6002/tcp x11-2: X window display 2
    6003/tcp x11-3: X window display 3
    6004/tcp x11-4: X window display 4
    6005/tcp x11-5: X window display 5
    6006/tcp x11-6: X window display 6; TensorBoard
    6007/tcp x11-7: X window display 7
    6008-6063/tcp x11-display =x11: X window displays above 7, and those that SSH forwards
    6064/tcp+udp ndl-ahp-svc:
    6080/tcp gue novnc: VNC in a browser (noVNC)
    6080/udp gue: Generic UDP encapsulation
    6081/udp geneve: Overlay networks of clouds
    6112/tcp dtspcd dtspc: Desktop subprocess control of CDE; games of Blizzard
    6112/udp dtspcd dtspc: Desktop subprocess control of CDE; games of Blizzard
    6123/tcp+udp backup-express:
    6160/tcp+udp ecmp: Emerson controllers; Veeam backup
    6346/tcp+udp gnutella-svc: Gnutella file sharing
    6347/tcp+udp gnutella-rtr: Gnutella file sharing, routing
    6379/tcp redis: Redis and Valkey in-memory store
    6432/tcp pgbouncer: Pool of PostgreSQL connections
    6443/tcp kubernetes-api =sun-sr-https: Kubernetes API server
    6444/tcp+udp sge-qmaster sge_qmaster: Grid Engine, master
    6445/tcp+udp sge-execd sge_execd: Grid Engine, execution
    6446/tcp+udp mysql-proxy: MySQL Proxy and Router
    6463/tcp ~discord-rpc: Discord, inside a machine
    6514/tcp syslog-tls: Log messages over TLS
    6514/udp syslog-tls: Log messages over DTLS
    6556/tcp checkmk-agent: Checkmk monitoring agent
    6566/tcp sane-port sane: Scanners over the network
    6600/tcp+udp mshvlm mpd: Music Player Daemon; Hyper-V live migration
    6601/tcp+udp mstmg-sstp: Microsoft Threat Management Gateway
    6633/tcp ~openflow-old: OpenFlow on its old port
    6640/tcp ovsdb: Open vSwitch database
    6653/tcp+udp openflow: OpenFlow: controllers and switches
    6660-6664/tcp ~irc-alt: Internet Relay Chat
    6665/tcp ircu: Internet Relay Chat
    6666/tcp ircu: Internet Relay Chat
    6667/tcp ircd =ircu: Internet Relay Chat, its usual port
    6668/tcp ircu: Internet Relay Chat
    6669/tcp ircu: Internet Relay Chat
    6696/udp babel: Babel routing
    6697/tcp ircs-u: Internet Relay Chat over TLS
    6771/udp ~lsd: BitTorrent finds peers of the local network
    6789/tcp+udp ceph-mon =smc-https: Ceph monitors, old protocol
    6800-6880/tcp ~ceph-osd: Ceph storage daemons
    6881-6889/tcp ~bittorrent: BitTorrent file sharing
    6881-6889/udp ~bittorrent: BitTorrent file sharing
    7000/tcp afs3-fileserver bbs: Cassandra between nodes; AirPlay; AFS by udp
    7000/udp afs3-fileserver: AFS file servers
    7001/tcp afs3-callback weblogic: WebLogic; Cassandra between nodes over TLS
    7001/udp afs3-callback: AFS clients hear of changed files
    7002/tcp+udp afs3-prserver: AFS users and groups
    7003/tcp+udp afs3-vlserver: AFS, where volumes are
    7004/tcp+udp afs3-kaserver: AFS Kerberos
    7005/tcp+udp afs3-volser: AFS volumes
    7006/tcp+udp afs3-errors: AFS errors
    7007/tcp+udp afs3-bos: AFS, overseer of servers
    7008/tcp+udp afs3-update: AFS, updates of servers
    7009/tcp+udp afs3-rmtsys: AFS, remote cache managers
    7070/tcp arcp realserver: ARCP; RealAudio; AnyDesk remote desktop
    7071/tcp+udp iwg1: IWG; Zimbra administration by tcp
    7077/tcp ~spark-master:
    7100/tcp font-service xfs: X font server
    7199/tcp ~cassandra-jmx: Cassandra, management by JMX
    7201/tcp+udp dlip:
    7400/udp rtps-discovery: DDS: finding of participants, ROS 2
    7401/udp rtps-dd-ut: DDS: data for users, ROS 2
    7443/tcp+udp oracleas-https: Oracle Application Server over TLS
    7474/tcp neo4j: Neo4j graph database, web pages
    7547/tcp cwmp tr-069: Providers manage routers, TR-069
    7653/udp ~zerotier-alt: ZeroTier
    7687/tcp bolt: Neo4j graph database, queries
    7777/tcp+udp cbt: cbt; game servers
    7946/tcp ~swarm-gossip: Docker Swarm nodes find each other
    7946/udp ~swarm-gossip: Docker Swarm nodes find each other
    8000/tcp irdmi: Web servers of developers; Intel RDMI
    8005/tcp mxi tomcat-shutdown: Tomcat is shut down here
    8008/tcp http-8008 =http-alt: Second web server; Chromecast
    8009/tcp ajp =nvme-disc: Web servers hand requests to Tomcat, AJP
    8020/tcp intu-ec-svcdisc hdfs-namenode: Hadoop file system, name node
    8021/tcp+udp zope-ftp =intu-ec-client: Zope by FTP
    8033/tcp+udp mindprint:
    8080/tcp http-alt webcache http-proxy: Second web server, or a proxy
    8081/tcp sunproxyadmin tproxy: Often a web server; proxy administration
    8083/tcp us-srv: Often a web server; Kafka Connect
    8086/tcp influxdb =d-s-n: InfluxDB time series
    8088/tcp+udp radan-http omniorb: Radan; Hadoop resource manager by tcp
    8089/tcp ~splunkd: Splunk management
    8090/tcp opsmessaging: Often a web server; Confluence
    8096/tcp ~jellyfin: Jellyfin and Emby media servers
    8112/tcp ~deluge-web: Deluge BitTorrent client, web pages
    8118/tcp privoxy: Privoxy web proxy
    8123/tcp home-assistant =polipo: Home Assistant; ClickHouse by HTTP; Polipo proxy
    8125/udp ~statsd: StatsD takes metrics
    8126/tcp ~statsd-admin: Administration of StatsD; Datadog traces
    8139/tcp ~puppet-agent: Puppet agents
    8140/tcp puppet: Puppet configuration, server
    8161/tcp patrol-snmp activemq-web: Web pages of ActiveMQ
    8181/tcp intermapper: Intermapper; often a web server
    8200/tcp vault =trivnet1: HashiCorp Vault: secrets
    8222/tcp ~nats-monitor: NATS monitoring
    8291/tcp ~winbox: MikroTik routers, administration
    8300/tcp consul-rpc =tmi: HashiCorp Consul, between servers
    8301/tcp ~consul-serf-lan: HashiCorp Consul, gossip
    8301/udp ~consul-serf-lan: HashiCorp Consul, gossip
    8302/tcp ~consul-serf-wan: HashiCorp Consul, gossip between sites
    8302/udp ~consul-serf-wan: HashiCorp Consul, gossip between sites
    8333/tcp ~bitcoin: Bitcoin nodes
    8384/tcp syncthing-web =marathontp: Syncthing's web pages
    8400/tcp+udp cvd: Commvault backup
    8443/tcp https-alt =pcsync-https: Second web server over TLS
    8448/tcp ~matrix-federation: Matrix chat between servers
    8472/udp otv flannel: Overlay networks of Linux and Flannel, VXLAN
    8500/tcp consul =fmtp: HashiCorp Consul, API
    8530/tcp ~wsus: Windows updates of an organisation
    8531/tcp ~wsus-tls: Windows updates of an organisation over TLS
    8545/tcp ~ethereum-rpc: Ethereum nodes, JSON-RPC
    8554/tcp rtsp-alt: Control of media streams, second port
    8554/udp rtsp-alt: Control of media streams, second port
    8600/tcp consul-dns =asterix: HashiCorp Consul, DNS
    8600/udp consul-dns =asterix: HashiCorp Consul, DNS
    8649/tcp ~ganglia: Ganglia monitoring
    8649/udp ~ganglia: Ganglia monitoring
    8728/tcp ~routeros-api: MikroTik routers, API
    8765/tcp ultraseek-http: Ultraseek
    8834/tcp ~nessus-web: Nessus scanner, web pages
    8880/tcp cddbp-alt: CD titles; often a web server
    8883/tcp mqtts =secure-mqtt: MQTT messages of devices over TLS
    8888/tcp jupyter =ddi-tcp-1: Jupyter notebooks; often a web server
    8953/tcp ub-dns-control: Control of the Unbound name server
    8983/tcp ~solr: Apache Solr search
    8990/tcp clc-build-daemon =http-wmap: Common Lisp build daemon

    """
}
