using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>What a person hears of a restore that was interrupted: what is restored, and what is not.</summary>
public sealed class InterruptedRunTests
{
    private static readonly Plan _restore = new("restore", "p",
        [Step("Lock the repository", null), Step("Restore files", "files") with { Remains = "Written files stay." }, Step("Move indices", "search/main"), Step("Restore shop", "postgres/main"), Step("Release the repository", null)]);

    private static readonly Problem _interrupted = Catalogue.RunInterrupted.With("The run was interrupted.");

    [Fact]
    public void A_complete_step_is_in_effect_unless_an_undo_takes_it_back()
    {
        var told = InterruptedRun.Describe(_interrupted, _restore, done: 3, undone: new HashSet<int> { 3 });
        Assert.Equal("The restore was interrupted at step 4 of 5, 'Restore shop'.", told.Message);
        Assert.Equal(["Complete, and in effect: 'Restore files'.", "Not complete: 'Move indices', 'Restore shop'."], told.Details);
        Assert.Contains("--only", told.Hint, StringComparison.Ordinal);
        Assert.Equal(_interrupted.Exit, told.Exit);
    }

    [Fact]
    public void What_stays_of_the_interrupted_step_is_said()
    {
        var told = InterruptedRun.Describe(_interrupted, _restore, done: 1, undone: new HashSet<int>());
        Assert.Equal(["Complete, and in effect: nothing.", "Not complete: 'Restore files', 'Move indices', 'Restore shop'. Written files stay."], told.Details);
    }

    [Fact]
    public void A_backup_has_nothing_in_effect()
    {
        var told = InterruptedRun.Describe(_interrupted, _restore with { Verb = "backup" }, done: 5, undone: new HashSet<int>());
        Assert.Equal("The backup was interrupted after its last step.", told.Message);
        Assert.Empty(told.Details);
    }

    private static Step Step(string name, string? component) => new() { Name = name, Does = $"{name}.", Component = component, Act = (_, _) => Task.CompletedTask };
}
