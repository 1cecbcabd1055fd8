using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class Neo4jConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Neo4jConfiguration _neo4j = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_policy_has_a_folder_and_usual_names_in_it()
    {
        _folder.Folder("certificates/https/trusted");
        var file = _folder.Write("neo4j.conf", $"""
            dbms.directories.neo4j_home={_folder}
            #dbms.ssl.policy.cluster.enabled=true
            dbms.ssl.policy.bolt.enabled=true
            dbms.ssl.policy.bolt.base_directory=/etc/neo4j/bolt
            dbms.ssl.policy.bolt.private_key = bolt.key
            dbms.ssl.policy.bolt.public_certificate=bolt.crt
            dbms.ssl.policy.https.enabled=true
            dbms.ssl.policy.off.enabled=false
            """);
        Assert.Equal(
            [
                "Key /etc/neo4j/bolt/bolt.key",
                "Certificate /etc/neo4j/bolt/bolt.crt",
                $"Key {_folder["certificates/https/private.key"]}",
                $"Certificate {_folder["certificates/https/public.crt"]}",
                $"Authorities {_folder["certificates/https/trusted"]}",
            ],
            Named.By(_neo4j, file));
    }

    [Fact]
    public void Before_version_4_there_is_one_pair()
    {
        _folder.Write("certificates/neo4j.key", "x");
        _folder.Write("certificates/neo4j.cert", "x");
        var file = _folder.Write("neo4j.conf", $"dbms.directories.certificates={_folder["certificates"]}\n");
        Assert.Equal([$"Key {_folder["certificates/neo4j.key"]}", $"Certificate {_folder["certificates/neo4j.cert"]}"], Named.By(_neo4j, file));
    }
}
