using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>The units of packaging/ are confined, and systemd understands them. The referee is systemd-analyze.</summary>
public sealed partial class UnitFileTests
{
    /// <summary>Settings that systemd 239 does not know; they belong into the directory of drop-ins. Source: systemd's NEWS.</summary>
    private static readonly string[] _newer = ["ProtectClock", "ProtectKernelLogs", "ProtectHostname", "ProtectProc", "ProcSubset", "RestrictSUIDSGID", "ExecCondition", "SocketBindDeny", "RestrictFileSystems"];

    private static IReadOnlyList<string> Units
    {
        get
        {
            var units = Directory.GetFiles(SourceTree.PathOf("packaging/systemd"), "*.service");
            Assert.NotEmpty(units);
            return units;
        }
    }

    [Fact]
    public async Task Each_unit_is_rated_3_0_at_most()
    {
        Require.Program("systemd-analyze");
        foreach (var unit in Units)
        {
            var rated = (await Command.RunAsync("systemd-analyze", ["security", "--offline=yes", "--no-pager", unit])).Output;
            var exposure = double.Parse(Exposure().Match(rated).Groups["exposure"].Value, CultureInfo.InvariantCulture);
            Assert.True(exposure <= 3.0, $"{unit} is rated {exposure}.\n{rated}");
        }
    }

    [Fact]
    public void Each_unit_has_what_no_rating_asks_for_and_nothing_that_an_old_systemd_does_not_know()
    {
        foreach (var unit in Units)
        {
            var text = File.ReadAllText(unit);
            foreach (var line in new[] { "UMask=0077", "LimitCORE=0", "NoNewPrivileges=yes", "SystemCallFilter=@system-service" }) Assert.True(text.Contains($"\n{line}\n", StringComparison.Ordinal), $"{unit} lacks {line}.");
            Assert.True(Array.TrueForAll(_newer, setting => !text.Contains($"\n{setting}=", StringComparison.Ordinal)), $"{unit} has a setting that is newer than systemd 239.");
            Assert.True(File.Exists(Path.Combine(unit + ".d", "newer-systemd.conf")), $"{unit} has no drop-in.");
        }
    }

    [Fact]
    public async Task Systemd_finds_no_mistake_in_them()
    {
        Require.Program("systemd-analyze");
        using var folder = new TempFolder();
        (await Command.BashAsync("cp -r \"$1\"/. \"$2\"; sed -i 's#/usr/bin/holdfast#/bin/true#' \"$2\"/*.service", SourceTree.PathOf("packaging/systemd"), folder.Path)).Succeeded();
        var found = await Command.RunAsync("systemd-analyze", ["verify", .. Directory.GetFiles(folder.Path)]);
        Assert.True(found.ExitCode == 0 && !found.Errors.Contains(folder.Path, StringComparison.Ordinal), $"{found}");
    }

    [GeneratedRegex(@"Overall exposure level for \S+: (?<exposure>[0-9.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Exposure();
}
