using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class LocalHostTests
{
    private static readonly LocalHost _host = new(Environment.GetEnvironmentVariable);
    private static readonly CancellationToken _none = CancellationToken.None;

    [Fact]
    public async Task A_program_runs_with_its_arguments_as_they_are()
    {
        var (result, output) = await _host.RunAsync(new ProgramCall("printf", ["%s|", "a b", "$HOME", "*", "c\nd"]), _none);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("a b|$HOME|*|c\nd|", output);
    }

    [Fact]
    public async Task A_program_gets_an_environment_that_is_made_and_not_ours()
    {
        string[] ours = ["RESTIC_PASSWORD", "PGHOSTADDR", "PG_COLOR", "SSH_AUTH_SOCK"];
        foreach (var name in ours) Environment.SetEnvironmentVariable(name, "ours");
        try
        {
            var call = new ProgramCall("env", []) { Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PGPASSWORD"] = "hunter2", ["LD_PRELOAD"] = "/tmp/evil.so", ["DOTNET_STARTUP_HOOKS"] = "/tmp/evil.dll" } };
            var (_, output) = await _host.RunAsync(call, _none);
            Assert.Equal(["HOME", "LANG", "LC_ALL", "PATH", "PGPASSWORD"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0]).Order(StringComparer.Ordinal));
            var (_, ourself) = await _host.RunAsync(new ProgramCall("env", []) { IsOurself = true }, _none);
            Assert.Contains("RESTIC_PASSWORD=ours\n", ourself, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var name in ours) Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Fact]
    public async Task A_program_of_another_user_gets_the_home_of_that_user()
    {
        Require.Root();
        var (_, output) = await _host.RunAsync(new ProgramCall("sh", ["-c", "echo $HOME"]) { User = "nobody" }, _none);
        Assert.Equal(File.ReadLines("/etc/passwd").Single(line => line.StartsWith("nobody:", StringComparison.Ordinal)).Split(':')[5] + "\n", output);
    }

    [Fact]
    public async Task The_environment_is_added_to()
    {
        var call = new ProgramCall("sh", ["-c", "echo $PGPASSWORD; test -n \"$PATH\""]) { Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PGPASSWORD"] = "hunter2" } };
        var (result, output) = await _host.RunAsync(call, _none);
        Assert.Equal((0, "hunter2\n"), (result.ExitCode, output));
    }

    [Fact]
    public async Task Exit_code_and_errors_are_told()
    {
        var (result, _) = await _host.RunAsync(new ProgramCall("sh", ["-c", "echo no room >&2; exit 7"]), _none);
        Assert.Equal((7, "no room\n"), (result.ExitCode, result.Errors));
    }

    [Fact]
    public async Task A_flood_of_errors_neither_stops_the_program_nor_fills_the_memory()
    {
        var (result, _) = await _host.RunAsync(new ProgramCall("sh", ["-c", "seq 1 200000 >&2"]), _none);
        Assert.Equal(0, result.ExitCode);
        Assert.InRange(result.Errors.Length, 60_000, 65_536);
        Assert.EndsWith("\n199999\n200000\n", result.Errors, StringComparison.Ordinal);
        Each.Holds(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal(6, line.Length));
    }

    [Fact]
    public async Task Data_flows_through_a_program_both_ways()
    {
        await using var cat = _host.Start(new ProgramCall("cat", []));
        var data = new byte[3 << 20];
        new Random(1).NextBytes(data);
        var writing = Task.Run(async () => { await cat.Input.WriteAsync(data, _none); cat.Input.Close(); }, _none);
        var copy = new MemoryStream();
        await cat.Output.CopyToAsync(copy, _none);
        await writing;
        Assert.Equal(data, copy.ToArray());
        Assert.Equal(0, (await cat.WaitAsync(_none)).ExitCode);
    }

    [Fact]
    public async Task A_program_that_is_disposed_of_dies_with_its_children()
    {
        var running = _host.Start(new ProgramCall("sh", ["-c", "sleep 300 & echo $!; wait"]));
        var child = int.Parse((await new StreamReader(running.Output).ReadLineAsync(_none))!, CultureInfo.InvariantCulture);
        Assert.True(IsAlive(child));
        await running.DisposeAsync();
        await Eventually.HoldsAsync("the child is dead", () => !IsAlive(child));
    }

    [Fact]
    public async Task Cancelling_the_wait_kills_the_program()
    {
        using var stop = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.RunAsync(new ProgramCall("sleep", ["300"]), stop.Token));
    }

    [Fact]
    public async Task More_than_16_MiB_of_answer_are_refused()
    {
        var thrown = await Assert.ThrowsAsync<ProblemException>(() => _host.RunAsync(new ProgramCall("cat", ["/dev/zero"]), _none));
        Assert.Equal("HF-PROGRAM-FAILED", thrown.Problem.Code);
    }

    [Fact]
    public async Task A_program_has_as_much_memory_as_its_call_says()
    {
        var (_, free) = await _host.RunAsync(new ProgramCall("sh", ["-c", "ulimit -d"]), _none);
        var (_, limited) = await _host.RunAsync(new ProgramCall("sh", ["-c", "ulimit -d"]) { Memory = 64 << 20 }, _none);
        Assert.Equal(("unlimited", "65536"), (free.Trim(), limited.Trim()));
    }

    [Fact]
    public void A_program_that_is_not_there_is_a_problem_that_names_it()
    {
        var problem = Assert.Throws<ProblemException>(() => _host.Start(new ProgramCall("no-such-program", []))).Problem;
        Assert.Equal("HF-PROGRAM-MISSING", problem.Code);
        Assert.Contains("no-such-program", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_of_servers_are_found_outside_of_PATH()
    {
        Require.That(Directory.Exists("/usr/lib/postgresql"), "PostgreSQL is not installed.");
        Assert.StartsWith("/usr/lib/postgresql/", new LocalHost(_ => null).FindProgram("pg_ctl"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_executed_is_no_program()
    {
        using var folder = new TempFolder();
        folder.Write("tool", "#!/bin/sh\n");
        var host = new LocalHost(_ => folder.Path);
        Assert.Null(host.FindProgram("tool"));
        File.SetUnixFileMode(folder["tool"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(folder["tool"], host.FindProgram("tool"));
    }

    [Fact]
    public async Task Root_runs_programs_as_other_users()
    {
        Require.Root();
        var (_, output) = await _host.RunAsync(new ProgramCall("id", ["-un"]) { User = "nobody" }, _none);
        Assert.Equal("nobody\n", output);
    }

    private static bool IsAlive(int pid) => File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
}
