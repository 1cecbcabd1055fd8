using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>Archiving as it is set up on a machine: the server and the service are units of a real systemd.</summary>
public sealed class WalUnitTests
{
    [Fact]
    public async Task Archiving_is_switched_on_by_one_call_that_restarts_the_servers_unit()
    {
        var programs = PostgresServer.FindBin();
        await using var scene = await PlatformScene.BeginAsync();
        await scene.Box.BashAsync($"install -d -o postgres /var/lib/boxed /run/boxed; runuser -u postgres -- {programs}/initdb -D /var/lib/boxed/data -U postgres -A trust -N > /dev/null");
        await scene.WriteUnitsAsync(
            ("boxed-postgres.service", $"[Service]\nUser=postgres\nExecStart={programs}/postgres -D /var/lib/boxed/data -p 5999 -k /run/boxed -c listen_addresses=\nKillSignal=SIGINT\nExecStartPost=/bin/sh -c 'until {programs}/pg_isready -q -h /run/boxed -p 5999; do sleep 0.1; done'\n"),
            ("holdfast-serve.service", await File.ReadAllTextAsync(SourceTree.PathOf("packaging/systemd/holdfast-serve.service"), TestContext.Current.CancellationToken)));
        await scene.Box.BashAsync($"install -m 755 {PlatformScene.Binary} /usr/bin/holdfast");
        await scene.WriteAsync("/etc/holdfast/profile.yaml", """
            platform: boxed
            repository:
              path: /var/backups/repository
              password: { file: /etc/holdfast/password }
            components:
              postgres:
                - name: main
                  service: boxed-postgres.service
                  connection: { host: /run/boxed, port: 5999, system-user: postgres }
            serve: { owner: postgres }
            """);
        (await scene.Box.RunAsync("/usr/bin/holdfast", "init", "--yes", "--generate-password")).Succeeded();
        await scene.StartAsync("boxed-postgres", "holdfast-serve");
        var before = await scene.ShowAsync("MainPID", "boxed-postgres");

        await scene.FailsAsync(Catalogue.PostgresRestart, "postgres", "enable-archiving", "--yes", "--no-restart");
        Assert.Equal(before, await scene.ShowAsync("MainPID", "boxed-postgres"));
        var proven = (await scene.Box.RunAsync("/usr/bin/holdfast", "postgres", "enable-archiving", "--yes")).Succeeded();

        Assert.Contains("Archiving of main works", proven.Output, StringComparison.Ordinal);
        Assert.NotEqual(before, await scene.ShowAsync("MainPID", "boxed-postgres"));
        Assert.Equal(["active", "active"], await scene.StatesAsync("boxed-postgres", "holdfast-serve"));
        Assert.Equal("on", (await scene.Box.BashAsync($"{programs}/psql -h /run/boxed -p 5999 -U postgres -XAtc 'SHOW archive_mode'")).Trim());
        var status = await scene.HoldfastAsync("wal", "status");
        Assert.True(status.ExitCode == (int)Catalogue.WalBaseless.Exit && status.Errors.Contains(Catalogue.WalBaseless.Code, StringComparison.Ordinal), status.ToString());
    }
}
