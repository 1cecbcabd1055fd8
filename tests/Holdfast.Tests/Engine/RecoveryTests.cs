using Holdfast.Engine.Execution;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class RecoveryTests
{
    private static readonly CancellationToken _none = CancellationToken.None;

    /// <summary>
    /// A process may die at any moment. Between two lines of the journal the world may be as it was after the first or
    /// before the second, and the second may be cut off at any byte: each of these deaths is tried.
    /// </summary>
    [Fact]
    public async Task After_a_death_at_any_byte_of_the_journal_nothing_is_left_half_done()
    {
        using var rig = new RunRig();
        var moments = new List<(long Length, string[] World)>();
        rig.OnEach = _ => moments.Add((new FileInfo(rig.Journal).Length, [.. rig.World]));
        await rig.RunAsync(_none, Steps(rig));
        var whole = await File.ReadAllBytesAsync(rig.Journal, _none);
        foreach (var length in Sample.Of([.. Cuts(whole).Where(cut => cut < whole.Length)], 30, "cuts of a journal"))
        {
            var next = moments.FindIndex(moment => moment.Length > length);
            await DieAsync(whole[..length], moments[next].World);
            if (next > 0) await DieAsync(whole[..length], moments[next - 1].World);
        }
    }

    [Fact]
    public async Task A_journal_that_was_cut_off_anywhere_is_read_up_to_its_last_whole_line()
    {
        using var rig = new RunRig();
        await rig.RunAsync(_none, Steps(rig));
        var whole = await File.ReadAllBytesAsync(rig.Journal, _none);
        for (var length = 0; length <= whole.Length; length += 3)
        {
            Place(rig, whole[..length]);
            Assert.Equal(whole.AsSpan(0, length).LastIndexOf((byte)'\n') + 1, JournalRecord.Read(rig.Journal).Whole);
        }
    }

    [Fact]
    public async Task After_a_run_that_ended_nothing_is_undone()
    {
        using var rig = new RunRig();
        await rig.RunAsync(_none, Steps(rig));
        Assert.Empty(await rig.RecoverAsync());
        Assert.Empty(rig.Undone);
    }

    [Fact]
    public async Task A_recovery_that_dies_is_done_again()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"), rig.MakeOwing("b"));
        var before = await File.ReadAllBytesAsync(rig.Journal, _none);
        await rig.RecoverAsync();
        var after = await File.ReadAllBytesAsync(rig.Journal, _none);
        Assert.Equal(["b", "a"], rig.Undone);
        var cuts = Cuts(after).Where(cut => cut >= before.Length).ToList();
        Assert.NotEmpty(cuts);
        foreach (var length in cuts)
        {
            using var again = new RunRig();
            again.World.UnionWith(["a", "b"]);
            Place(again, after[..length]);
            var owed = JournalRecord.Read(again.Journal).Owed.Select(undo => undo.Undo.Arguments["thing"]).Reverse().ToList();
            await again.RecoverAsync();
            Assert.Equal(owed, again.Undone);
            Assert.True(JournalRecord.Read(again.Journal).IsFinished);
        }
    }

    [Fact]
    public async Task Recovery_tells_which_run_it_was_and_what_was_done()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"));
        Assert.Equal(["p"], Recovery.PlatformsWithOpenRuns(rig.State));
        var recovered = Assert.Single(await rig.RecoverAsync());
        Assert.Equal(("run-1", "backup", 1), (recovered.RunId, recovered.Verb, recovered.Undone));
        Assert.Equal(RunResult.Recovered, JournalRecord.Read(rig.Journal).Ended!.Result);
        Assert.Empty(Recovery.PlatformsWithOpenRuns(rig.State));
    }

    [Fact]
    public async Task What_is_lost_is_told_once_and_owed_no_longer_while_what_failed_is()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"), rig.MakeOwing("b"), rig.MakeOwing("c"));
        rig.Lost.Add("b");
        rig.Stuck.Add("c");
        var recovered = Assert.Single(await rig.RecoverAsync());
        Assert.Equal(1, recovered.Undone);
        Assert.Equal(["HF-UNDO-FAILED", "HF-UNDO-LOST"], recovered.Failures.Select(failure => failure.Code));
        Assert.Equal(["Remove c."], JournalRecord.Read(rig.Journal).Owed.Select(owed => owed.Undo.Does));
        rig.Stuck.Clear();
        Assert.Empty(Assert.Single(await rig.RecoverAsync()).Failures);
        Assert.Equal(["c", "b", "a", "c"], rig.Undone);
        Assert.True(JournalRecord.Read(rig.Journal).IsFinished);
    }

    [Fact]
    public async Task Runs_of_other_platforms_are_left_alone()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"));
        using var other = RunLock.Take(rig.State, "other", "a test");
        Assert.Empty(await new Recovery(rig.State, [rig], rig, TimeProvider.System).RecoverAsync(other));
        Assert.Equal(["a"], rig.World);
    }

    [Fact]
    public async Task An_undo_that_nobody_knows_stays_owed_and_is_named()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"));
        using var held = RunLock.Take(rig.State, "p", "a test");
        var recovered = await new Recovery(rig.State, [], rig, TimeProvider.System).RecoverAsync(held);
        Assert.Contains("Remove a.", Assert.Single(Assert.Single(recovered).Failures).Message, StringComparison.Ordinal);
        Assert.Single(JournalRecord.Read(rig.Journal).Owed);
    }

    [Fact]
    public async Task A_damaged_line_that_is_not_the_last_is_reported_nothing_is_guessed_and_other_runs_are_recovered()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"), rig.MakeOwing("b"));
        var lines = await File.ReadAllLinesAsync(rig.Journal, _none);
        lines[2] = lines[2].Replace("owed", "o\0ed", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(rig.Journal, lines, _none);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(rig.Journal)!, "run-0.jsonl"), string.Join('\n', lines[..2]) + "\n", _none);
        var problem = Assert.Single(Recovery.DamagedJournals(rig.State));
        Assert.Equal("HF-JOURNAL-DAMAGED", problem.Code);
        Assert.Contains("Line 3", problem.Message, StringComparison.Ordinal);
        Assert.Single(await rig.RecoverAsync());
        Assert.Equal(["a", "b"], rig.World);
    }

    [Fact]
    public async Task What_dead_runs_owe_of_a_kind_is_taken_over_once_it_has_been_kept()
    {
        using var rig = new RunRig();
        await CutOffAsync(rig, rig.MakeOwing("a"), rig.MakeOwing("b"));
        Assert.Throws<IOException>(() => TakeOver(rig, "another", _ => throw new IOException("The disk is full")));
        Assert.Equal(2, JournalRecord.Read(rig.Journal).Owed.Count);

        var taken = new List<string>();
        TakeOver(rig, "run-1", undos => Assert.Empty(undos));
        TakeOver(rig, "another", undos => taken.AddRange(undos.Select(undo => undo.Arguments["thing"])));
        Assert.Equal(["a", "b"], taken);
        Assert.True(JournalRecord.Read(rig.Journal).IsFinished);
        Assert.Empty(await rig.RecoverAsync());
        Assert.Equal(["a", "b"], rig.World);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    [InlineData("{\"event\":\"run-star")]
    public async Task A_journal_without_a_whole_line_belongs_to_a_run_that_did_nothing(string content)
    {
        using var rig = new RunRig();
        Place(rig, System.Text.Encoding.UTF8.GetBytes(content));
        Assert.Empty(await rig.RecoverAsync());
    }

    /// <summary>Around each end of a line, and in the middle of each line: all other cuts are read as one of these.</summary>
    private static IEnumerable<int> Cuts(byte[] journal)
    {
        var start = 0;
        for (var i = 0; i < journal.Length; i++)
        {
            if (journal[i] != '\n') continue;
            foreach (var cut in new[] { start, start + 1, (start + i) / 2, i }) yield return cut;
            start = i + 1;
        }
        yield return journal.Length;
    }

    private static Step[] Steps(RunRig rig) => [rig.Make("a"), rig.MakeOwing("b"), rig.MakeSettled("c"), rig.Make("d"), rig.MakeOwing("e")];

    /// <summary>After recovery only that may stand which was complete: what a step had settled, or a step that had ended.</summary>
    private static async Task DieAsync(byte[] journal, string[] world)
    {
        using var rig = new RunRig();
        rig.World.UnionWith(world);
        Place(rig, journal);
        var settled = JournalRecord.Read(rig.Journal).Events.OfType<UndoCompleted>().Select(happened => happened.Owed).ToHashSet();
        var complete = JournalRecord.Read(rig.Journal).Events.OfType<UndoRegistered>().Where(owed => settled.Contains(owed.Owed)).Select(owed => owed.Undo.Arguments["thing"]).Order(StringComparer.Ordinal);
        await rig.RecoverAsync();
        Assert.Equal(complete, rig.World, StringComparer.Ordinal);
        Assert.Empty(await rig.RecoverAsync());
    }

    /// <summary>A run whose process dies before its end is written.</summary>
    private static async Task CutOffAsync(RunRig rig, params Step[] steps)
    {
        await rig.RunAsync(_none, steps);
        var lines = await File.ReadAllLinesAsync(rig.Journal, _none);
        await File.WriteAllLinesAsync(rig.Journal, lines[..^1], _none);
    }

    private static void TakeOver(RunRig rig, string run, Action<IReadOnlyList<Undo>> keep) => Recovery.TakeOver(rig.State, run, "p", rig.Kind, keep, TimeProvider.System);

    private static void Place(RunRig rig, byte[] journal)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(rig.Journal)!);
        File.WriteAllBytes(rig.Journal, journal);
    }
}
