using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>The core of <c>./demo</c> where there is neither the .NET SDK nor a container nor a search engine, and all servers are old.</summary>
public sealed class OldDemoTests
{
    /// <summary>What the demo is made of, and this machine's restic with its C library: that of Debian 11 is older than version 2 of the format.</summary>
    private const string Bring = """
        source=$1 shared=$2 restic=$3
        (cd "$source" && cp -r --parents demo profiles tests/Holdfast.Testing/shop "$shared")
        mkdir "$shared/restic"
        cp "$restic" "$shared/restic/program"
        ldd "$restic" | grep -o '/[^ ]*' | xargs cp -Lt "$shared/restic"
        """;

    private const string Demo = """
        restic=/srv/shared/restic
        printf '#!/bin/sh\nexec %s/ld-linux-x86-64.so.2 --library-path %s %s/program "$@"\n' $restic $restic $restic >/run/restic
        chmod 755 /run/restic /srv/shared
        HOLDFAST_BINARY=/run/holdfast /srv/shared/demo core
        openssl version
        """;

    [Fact]
    public async Task The_core_of_the_demo_succeeds_on_Debian_11()
    {
        using var shared = new TempFolder();
        (await Command.BashAsync(Bring, SourceTree.Root, shared.Path, Require.Program("restic"))).Succeeded();
        var proof = (await OldRoot.RunAsync(shared, Demo)).Succeeded().Output.Split("=== PROOF")[^1];
        string[] proven =
        [
            "Files: content, owner, mode, time, links, extended attributes: no difference",
            "Databases: pg_dumpall (roles, schemas, data, sequences, grants, large objects): no difference",
            "Queues: every message, in order: no difference",
            "check --read-data is clean",
            "OpenSSL 1.1.1",
        ];
        Each.Holds(proven, sentence => Assert.Contains(sentence, proof, StringComparison.Ordinal));
    }
}
