using Holdfast.Components.Systemd;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Systemd;

public sealed class PlatformSettingsTests
{
    private const string Head = "platform: a\ncomponents: { files: { groups: { g: [/etc] } } }\n";

    [Fact]
    public void Everything_that_a_profile_can_say_is_read()
    {
        var settings = Read("""
            services:
              - { name: web, units: [web.service, tick.timer], stop-timeout: 90s, start-timeout: 2m }
              - { name: workers, units: ["worker@*.service"], after-drain: true }
              - { name: stores, units: [redis.service], store: true }
            quiesce: { deadline: 1h, when-late: online, settle: 4s, pid-files: ["/run/*.pid"], processes: ["/opt/*"], kill-strays: true }
            """)!;
        Assert.Equal((TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(2)), (settings.Groups[0].StopTimeout!.Value, settings.Groups[0].StartTimeout!.Value));
        Assert.Equal([false, true, false], settings.Groups.Select(group => group.IsAfterDrain));
        Assert.Equal([false, false, true], settings.Groups.Select(group => group.IsStore));
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromSeconds(4), true, true), (settings.Deadline, settings.Settle, settings.OnlineWhenLate, settings.KillsStrays));
        Assert.Equal(["/run/*.pid", "/opt/*"], settings.PidFiles.Concat(settings.Processes));
    }

    [Fact]
    public void What_is_not_said_has_the_defaults_that_the_schema_names()
    {
        var settings = Read("services: [{ name: web, units: [web.service] }]")!;
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(2), false, false), (settings.Deadline, settings.Settle, settings.OnlineWhenLate, settings.KillsStrays));
        Assert.Null(settings.Groups[0].StopTimeout);
        Assert.Null(Read(""));
    }

    [Fact]
    public void Every_mistake_is_named_with_its_line()
    {
        var mistakes = ProfileReader.FindMistakes(Head + """
            services:
              - { name: web, units: [web], stop-timeout: 90 }
              - { name: web, units: [-x.service, "a[.service", web.service], start-timeout: 0s }
              - { name: b, units: [], store: maybe, after-drian: true }
            quiesce: { deadline: soon, when-late: never, pid-files: [run/x.pid], processes: ["/"] }
            """);
        Assert.Equal(
            [
                (4, "services[0].units[0]"), (4, "services[0].stop-timeout"),
                (5, "services"), (5, "services[1].units[0]"), (5, "services[1].units"), (5, "services[1].start-timeout"),
                (6, "services[2].units"), (6, "services[2].store"), (6, "services[2]"),
                (7, "quiesce.deadline"), (7, "quiesce.when-late"), (7, "quiesce.pid-files[0]"), (7, "quiesce.processes[0]"),
            ],
            mistakes.Select(mistake => (mistake.Place.Line, mistake.Path)));
    }

    [Fact]
    public void The_shipped_profiles_keep_their_stores_up_and_their_workers_for_last()
    {
        var settings = PlatformSettings.Read(ProfileReader.ReadFile(SourceTree.PathOf("profiles/eclecticiq.yaml")))!;
        var stores = settings.Groups.Where(group => group.IsStore).SelectMany(group => group.Units);
        Assert.Equal(["neo4j.service", "elasticsearch.service", "redis.service", "postgresql*.service"], stores);
        Assert.Equal(["workers", "graph-batcher"], settings.Groups.Where(group => group.IsAfterDrain).Select(group => group.Name));
    }

    private static PlatformSettings? Read(string text) => PlatformSettings.Read(ProfileReader.Parse(Head + text, "/etc/holdfast/profile.yaml"));
}
