using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class CatalogueTests
{
    [Fact]
    public void The_document_is_the_catalogue()
    {
        var expected = ProblemsDocument.Render();
        Assert.Equal(expected, SourceTree.Golden("docs/problems.md", expected)); // HOLDFAST_UPDATE=1 writes it
    }

    [Fact]
    public void Every_exit_code_is_documented() => Assert.Equal(Enum.GetValues<ExitCode>(), ProblemsDocument.DocumentedExitCodes);

    [Fact]
    public void Codes_are_unique_and_well_formed()
    {
        Each.Holds(Catalogue.All, kind => Assert.True(kind.Code.StartsWith("HF-", StringComparison.Ordinal) && kind.Code.All(c => char.IsAsciiLetterUpper(c) || c == '-'), kind.Code));
        Assert.Equal(Catalogue.All.Count, Catalogue.All.Select(kind => kind.Code).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Meanings_and_hints_are_sentences() => Each.Holds(Catalogue.All, kind =>
    {
        IsSentence(kind.Meaning);
        IsSentence(kind.Hint);
    });

    [Theory]
    [InlineData(ResticError.NoRepository, ExitCode.NoRepository)]
    [InlineData(ResticError.WrongPassword, ExitCode.WrongPassword)]
    [InlineData(ResticError.Locked, ExitCode.Locked)]
    [InlineData(ResticError.Damaged, ExitCode.Damaged)]
    [InlineData(ResticError.Full, ExitCode.Failure)]
    public void Failures_of_the_repository_keep_their_message_and_get_restics_exit_code(ResticError error, ExitCode exit)
    {
        var problem = new ResticException(error, "The pack is short.").ToProblem();
        Assert.Equal(exit, problem.Exit);
        Assert.Equal("The pack is short.", problem.Message);
    }

    [Fact]
    public void Every_kind_of_repository_failure_is_a_problem() =>
        Each.Holds(Enum.GetValues<ResticError>(), error => Assert.StartsWith("HF-", new ResticException(error, "x").ToProblem().Code));

    [Fact]
    public void A_full_disk_is_recognised_in_what_the_runtime_throws()
    {
        var thrown = Assert.Throws<IOException>(() =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write);
            full.Write(new byte[65536]);
            full.Flush();
        });
        Assert.Equal(Catalogue.TargetFull.Code, thrown.ToProblem().Code);
    }

    private static void IsSentence(string text)
    {
        Assert.True(char.IsAsciiLetterUpper(text[0]), text);
        Assert.EndsWith(".", text);
    }
}
