using Holdfast.Engine.Checking;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Checking;

public sealed class CheckSettingsTests
{
    private const string Least = "platform: x\ncomponents:\n  files:\n    groups: { A: [/etc/x] }\n";

    [Fact]
    public void Without_the_section_there_are_defaults() =>
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromHours(26), 10L << 30, 0), (Read("").Timeout, Read("").PointAge, Read("").Disk.WarnBelow, Read("").Ports.Count));

    [Fact]
    public void Everything_that_is_said_is_read()
    {
        var settings = Read("checks:\n  timeout: 1m\n  point-age: 50h\n  disk: { fail-below: 0MiB, warn-below: 2TiB, warn-percent: 3 }\n  users:\n    ports: [443, 8443]\n    http: [{ name: a, url: \"http://127.0.0.1/x\", json: /n }]\n");
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromHours(50)), (settings.Timeout, settings.PointAge));
        Assert.Equal(new DiskLimits { FailBelow = 0, WarnBelow = 2L << 40, WarnPercent = 3 }, settings.Disk);
        Assert.Equal([443, 8443], settings.Ports);
        Assert.Single(settings.Http);
    }

    [Fact]
    public void All_mistakes_are_named_at_once()
    {
        const string wrong = """
            checks:
              timeout: 10
              disk: { warn-below: 10GB, warn-percent: 101 }
              users:
                ports: [0, 443, 443]
                http:
                  - { name: a, url: "ftp://x" }
                  - { name: a, url: "https://user:secret@x/", json: "data" }
              search:
                - { name: main }
                - { name: main, url: "http://127.0.0.1:9200" }
            """;
        var mistakes = ProfileReader.FindMistakes(Least + wrong);
        Assert.Equal([5 + 1, 5 + 2, 5 + 2, 5 + 4, 5 + 4, 5 + 6, 5 + 7, 5 + 7, 5 + 7, 5 + 9, 5 + 10], mistakes.Select(mistake => mistake.Place.Line));
    }

    [Fact]
    public void Questions_of_a_cluster_have_different_names() =>
        Assert.Contains("taken already", Assert.Single(ProfileReader.FindMistakes("platform: x\ncomponents:\n  postgres:\n    - name: main\n      questions: [{ name: a, sql: SELECT 1 }, { name: a, sql: SELECT 2 }]\n")).Message, StringComparison.Ordinal);

    private static CheckSettings Read(string section) => CheckSettings.Read(ProfileReader.Parse(Least + section, "/etc/holdfast/profile.yaml"));
}
