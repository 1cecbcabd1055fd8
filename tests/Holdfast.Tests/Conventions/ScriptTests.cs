using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>Shell scripts stop at the first thing that fails, and parse.</summary>
public sealed class ScriptTests
{
    private static IEnumerable<SourceFile> Scripts => SourceFiles.All.Where(file =>
        file.Text.StartsWith("#!/usr/bin/env bash\n", StringComparison.Ordinal) || file.Text.StartsWith("#!/bin/", StringComparison.Ordinal));

    [Fact]
    public void Every_script_is_bash_and_stops_at_failures() =>
        Report.None(
            from script in Scripts
            where !script.Text.StartsWith("#!/usr/bin/env bash\n", StringComparison.Ordinal) || !script.Text.Contains("\nset -euo pipefail\n", StringComparison.Ordinal)
            select script.Path,
            "Begin with '#!/usr/bin/env bash' and 'set -euo pipefail'.");

    [Fact]
    public async Task Every_script_parses()
    {
        Assert.NotEmpty(Scripts);
        foreach (var script in Scripts)
            (await Command.RunAsync("bash", ["-n", SourceTree.PathOf(script.Path)])).Succeeded();
    }

    [Fact]
    public void Every_script_may_be_run() =>
        Report.None(
            from script in Scripts
            where !File.GetUnixFileMode(SourceTree.PathOf(script.Path)).HasFlag(UnixFileMode.UserExecute)
            select script.Path,
            "chmod +x");
}
