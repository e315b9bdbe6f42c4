// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 4000 to 5999.
  static let from4000: StaticString = """
    4000/tcp icq =terabase remoteanything: ICQ once; Terabase
    4001/tcp etcd-old =newoak: etcd on its old port
    4031/tcp+udp suucp: UUCP over TLS
    4045/tcp+udp npp lockd: Network paging; locks of NFS on Solaris
    4094/tcp+udp sysrqd: Magic keys of the kernel over the network
    4110/tcp+udp g2tag: G2 RFID tags
    4190/tcp sieve managesieve: Mail filters, edited on the server
    4222/tcp nats =vrml-multi-use: NATS messages
    4224/tcp+udp xtell =vrml-multi-use: xtell messages to terminals
    4321/tcp+udp rwhois: Whois that refers to others
    4333/tcp+udp msql ahsp: Mini SQL
    4353/tcp+udp f5-iquery: F5 load balancers among each other
    4369/tcp epmd: Erlang nodes: which is on which port
    4373/tcp+udp remctl: Commands for others, with Kerberos
    4379/udp lsp-ping: Ping of MPLS paths
    4440/tcp ~rundeck:
    4443/tcp pharos: Pharos; often HTTPS of an appliance
    4444/tcp krb524 nv-video: NV video; known as a place of reverse shells
    4444/udp krb524 nv-video: NV video; Kerberos 5 to 4 tickets
    4460/tcp ntske: Keys for secured network time
    4500/tcp ipsec-nat-t: IPsec through NAT, over TCP
    4500/udp ipsec-nat-t: IPsec through NAT
    4505/tcp ~salt-master-publish: Salt publishes jobs to minions
    4506/tcp ~salt-master-request: Minions of Salt return results
    4557/tcp fax: HylaFAX, old port
    4559/tcp hylafax:
    4569/udp iax: Asterisk telephony between servers
    4646/tcp ~nomad-http: HashiCorp Nomad, API
    4647/tcp ~nomad-rpc: HashiCorp Nomad, remote calls
    4648/tcp+udp ~nomad-serf: HashiCorp Nomad, gossip
    4662/tcp oms edonkey: eDonkey file sharing
    4672/udp rfa emule: eMule file sharing
    4691/tcp mtn: Monotone version control
    4730/tcp+udp gearman: Gearman distributes jobs
    4739/tcp+udp ipfix: Flow records of routers
    4740/tcp+udp ipfixs: Flow records of routers over TLS
    4786/tcp smart-install: Cisco Smart Install, with no authentication
    4789/udp vxlan: Ethernet over UDP: overlay networks of clouds and containers
    4791/udp roce roce2: RDMA over UDP
    4840/tcp opcua-tcp opc-ua: OPC UA: factories
    4840/udp opcua-udp: OPC UA: factories
    4843/tcp+udp opcua-tls: OPC UA over TLS
    4848/tcp+udp appserv-http: GlassFish administration
    4899/tcp+udp radmin-port: Radmin remote desktop
    4949/tcp munin: Munin monitoring, node
    5000/tcp upnp =commplex-main: Docker registries, web servers of developers, UPnP; AirPlay
    5001/tcp+udp commplex-link iperf: iperf 2 measures throughput
    5002/tcp+udp rfe: Radio Free Ethernet
    5003/tcp+udp fmpro-internal: FileMaker
    5004/tcp avt-profile-1 rtp: Media streams, RTP
    5004/udp avt-profile-1 rtp: Media streams, RTP
    5005/tcp avt-profile-2 rtcp: Control of media streams; Java debuggers
    5005/udp avt-profile-2 rtcp: Control of media streams, RTCP
    5044/tcp logstash-beats =lxi-evntsvc: Logstash takes logs from Beats
    5050/tcp+udp mmcc: Yahoo Messenger; multimedia conferences
    5051/tcp+udp ita-agent enbd-cstatd:
    5060/tcp sip: Internet telephony: setting up calls
    5060/udp sip: Internet telephony: setting up calls
    5061/tcp sip-tls sips: Internet telephony over TLS
    5061/udp sip-tls: Internet telephony over DTLS
    5080/tcp+udp onscreen:
    5151/tcp+udp esri-sde esri_sde: ArcSDE geodata
    5190/tcp aol: AOL Instant Messenger and ICQ
    5190/udp aol: AOL Instant Messenger
    5201/tcp iperf3 =targus-getdata1: iperf 3 measures throughput
    5201/udp iperf3 =targus-getdata1: iperf 3 measures throughput
    5222/tcp xmpp-client jabber-client: XMPP chat, clients
    5223/tcp xmpp-client-tls =hpvirtgrp: XMPP over TLS; Apple push notifications
    5228/tcp gcm =hpvroom: Google's push messages
    5246/udp capwap-control: Wireless access points and their controller
    5247/udp capwap-data: Wireless access points, data
    5269/tcp xmpp-server jabber-server: XMPP chat between servers
    5280/tcp+udp xmpp-bosh: XMPP over HTTP
    5298/tcp+udp presence: XMPP on the local network
    5308/tcp+udp cfengine: CFEngine configuration
    5349/tcp stuns turns: STUN and TURN over TLS
    5349/udp stuns turns: STUN and TURN over DTLS
    5351/udp nat-pmp pcp: Asks a router to open a port
    5353/udp mdns: Names and services of the local network, without a server
    5354/tcp+udp mdnsresponder noclog: mDNS responder, inside a machine
    5355/tcp hostmon =llmnr: Names of the local network, Windows
    5355/udp llmnr hostmon: Names of the local network, Windows
    5357/tcp wsdapi: Web services of devices, Windows
    5358/tcp wsdapi-s: Web services of devices over TLS
    5405/tcp netsupport: NetSupport remote control
    5405/udp netsupport corosync: Corosync of clusters; NetSupport remote control
    5432/tcp postgresql postgres: PostgreSQL database
    5433/tcp+udp pyrrho: Pyrrho; often a second PostgreSQL
    5500/tcp+udp fcp-addr-srvr1 vnc-listen: VNC viewers that wait for a server
    5555/tcp+udp personal-agent rplay: Personal Agent; Android's debugger by tcp
    5556/tcp+udp freeciv: Freeciv game
    5601/tcp kibana =esmagent: Kibana, pages for Elasticsearch
    5631/tcp+udp pcanywheredata: pcAnywhere remote control, data
    5632/tcp+udp pcanywherestat: pcAnywhere remote control, finding
    5666/tcp nrpe: Nagios checks on other hosts
    5667/tcp nsca: Nagios takes results of checks
    5671/tcp amqps: AMQP messages over TLS: RabbitMQ
    5672/tcp amqp: AMQP messages: RabbitMQ
    5674/tcp+udp mrtd =hyperscsi-port: Routing of MRT
    5675/tcp+udp bgpsim =v5ua: Routing of MRT, simulated
    5680/tcp canna: Japanese input, Canna
    5683/tcp coap: CoAP over TCP
    5683/udp coap: Small devices' answer to HTTP
    5684/tcp coaps: CoAP over TLS
    5684/udp coaps: CoAP over DTLS
    5693/tcp rbsystem ncpa: Robert Bosch; Nagios NCPA agents
    5800/tcp ~vnc-http: VNC in a browser
    5900/tcp vnc =rfb vnc-server: VNC remote desktop
    5901-5909/tcp ~vnc-1: VNC remote desktops of further displays
    5938/tcp ~teamviewer: TeamViewer remote desktop
    5938/udp ~teamviewer: TeamViewer remote desktop
    5984/tcp couchdb:
    5985/tcp winrm =wsman: Remote management of Windows
    5986/tcp winrm-s =wsmans: Remote management of Windows over TLS
    5999/tcp+udp cvsup: CVSup copies of source trees

    """
}
