// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 700 to 1023.
  static let from700: StaticString = """
    700/tcp+udp epp: Registrars and registries of domain names
    701/tcp+udp lmp: Link management of optical networks
    702/tcp+udp iris-beep: Registry information over BEEP
    704/tcp+udp elcsd: Errors copied between hosts
    705/tcp agentx: SNMP sub-agents talk to their agent
    706/tcp+udp silc: Secure Internet Live Conferencing
    707/tcp+udp borland-dsj:
    709/tcp+udp entrust-kmsh: Entrust key management
    710/tcp+udp entrust-ash: Entrust administration
    711/tcp+udp cisco-tdp: Labels of Cisco's tag switching
    712/tcp+udp tbrpf: Routes in mesh networks, TBRPF
    713/tcp+udp iris-xpc: Registry information over XPC
    714/tcp+udp iris-xpcs: Registry information over XPC and TLS
    715/udp iris-lwz: Registry information, light
    716/udp pana: Authentication to join a network
    729/tcp+udp netviewdm1: IBM NetView DM/6000, server and client
    730/tcp+udp netviewdm2: IBM NetView DM/6000, sending
    731/tcp+udp netviewdm3: IBM NetView DM/6000, receiving
    741/tcp+udp netgw:
    742/tcp+udp netrcs: Revision control over a network
    744/tcp+udp flexlm: Licences of FlexLM
    747/tcp+udp fujitsu-dev: Fujitsu device control
    748/tcp+udp ris-cm: Russell Info calendars
    749/tcp kerberos-adm: Administration of Kerberos 5
    749/udp kerberos-adm: Administration of Kerberos 5
    750/tcp rfile kerberos-iv kerberos4 kdc: Remote files; Kerberos 4
    750/udp loadav kerberos-iv kerberos4 kdc: Load average; Kerberos 4
    751/tcp+udp pump kerberos-master: pump; administration of Kerberos 4
    752/tcp+udp qrh passwd-server: qrh; password server of Kerberos 4
    753/tcp+udp rrh:
    754/tcp+udp tell krb-prop krb_prop: tell; copies of the Kerberos database
    758/tcp+udp nlogin:
    759/tcp+udp con:
    760/tcp+udp ns: ns; registration with Kerberos 4
    761/tcp+udp rxe: rxe; passwords of Kerberos 4
    762/tcp+udp quotad: Disk quotas
    763/tcp+udp cycleserv: Cycle server
    764/tcp+udp omserv:
    765/tcp+udp webster: Webster's dictionary
    767/tcp+udp phonebook phone: Telephone book
    769/tcp+udp vid:
    770/tcp+udp cadlock:
    771/tcp+udp rtip:
    772/tcp+udp cycleserv2: Cycle server 2
    773/tcp submit:
    773/udp notify:
    774/tcp rpasswd: Remote password changes
    774/udp acmaint-dbd acmaint_dbd: Maintenance of accounts, database
    775/tcp entomb moira-db moira_db: Keeps deleted files for a while
    775/udp acmaint-transd acmaint_transd: Maintenance of accounts, transactions
    776/tcp+udp wpages: White pages
    777/tcp+udp multiling-http moira-update moira_update: Web in several languages
    779/udp ~moira-ureg moira_ureg: User registration of Moira
    780/tcp+udp wpgs:
    783/tcp ~spamd spamassassin: SpamAssassin mail filter
    800/tcp+udp mdbs-daemon mdbs_daemon: MDBS databases
    801/tcp+udp device:
    802/tcp mbap-s: Modbus over TLS
    802/udp mbap-s: Modbus over DTLS
    810/tcp+udp fcp-udp: FCP datagrams
    828/tcp+udp itm-mcell-s: Event cells of BMC
    829/tcp+udp pkix-3-ca-ra: Certificate authorities and registration
    830/tcp+udp netconf-ssh: Configuration of network devices over SSH
    831/tcp+udp netconf-beep: Configuration of network devices over BEEP
    832/tcp+udp netconfsoaphttp: Configuration of network devices over HTTPS
    833/tcp+udp netconfsoapbeep: Configuration of network devices by SOAP over BEEP
    847/tcp+udp dhcp-failover2: Two DHCP servers keep each other's leases
    848/tcp+udp gdoi: Group keys of IPsec
    853/tcp domain-s dot: DNS over TLS
    853/udp domain-s doq: DNS over QUIC
    854/tcp+udp dlep: Radios tell routers of their links
    860/tcp+udp iscsi: Disks over the network; targets mostly use 3260
    861/tcp+udp owamp-control: One-way delay measurements, control
    862/tcp+udp twamp-control: Two-way delay measurements, control
    871/tcp ~supfilesrv: SUP copies of source trees
    873/tcp rsync: Copies of file trees, not encrypted
    886/tcp+udp iclcnet-locate: ICL coNETion, locating
    887/tcp+udp iclcnet_svinfo: ICL coNETion, server information
    888/tcp+udp accessbuilder cddbp: 3Com AccessBuilder; titles of CDs
    900/tcp+udp omginitialrefs: First references to CORBA objects
    901/tcp+udp smpnameres swat: Names of SMP; Samba's web pages (swat)
    902/tcp ideafarm-door vmware-authd: IDEAFARM; consoles of VMware hosts
    902/udp ideafarm-door: IDEAFARM; heartbeats of VMware hosts
    903/tcp+udp ideafarm-panic: IDEAFARM; remote consoles of VMware
    910/tcp+udp kink: IPsec keys by Kerberos
    911/tcp+udp xact-backup:
    912/tcp+udp apex-mesh: Relays of APEX; VMware authentication
    913/tcp+udp apex-edge: End points of APEX
    953/tcp rndc: Control of the BIND name server
    989/tcp ftps-data: Data connections of FTP over TLS
    990/tcp ftps: FTP over TLS, control connection
    991/tcp+udp nas: Netnews administration
    992/tcp telnets: Remote login by telnet over TLS
    993/tcp imaps: Mail that stays on the server, over TLS
    994/tcp ~ircs: Internet Relay Chat over TLS; not assigned any more
    995/tcp pop3s: Mail pick-up over TLS
    996/tcp+udp vsinet:
    997/tcp+udp maitrd:
    998/tcp busboy:
    998/udp puparp:
    999/tcp garcon:
    999/udp applix: Applix office programs
    1000/tcp+udp cadlock2:
    1001/tcp webpush: Messages pushed to browsers
    1010/tcp+udp surf:
    1021/tcp+udp exp1: For experiments
    1022/tcp+udp exp2: For experiments

    """
}
