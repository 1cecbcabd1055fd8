using Holdfast.Cli.Text;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class CellsTests
{
    [Theory]
    [InlineData("abc", 3)]
    [InlineData("漢字", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("🎉", 2)]
    [InlineData("…✓", 2)]
    public void Wide_characters_take_two_columns_and_combining_marks_none(string text, int width) => Assert.Equal(width, Cells.Width(text));

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("漢字漢字", 6, "漢字…")]
    [InlineData("abcdef", 1, "…")]
    [InlineData("abcdef", 0, "")]
    public void Cropped_text_never_takes_more_columns_than_there_are(string text, int width, string cropped)
    {
        Assert.Equal(cropped, Cells.Crop(text, width));
        Assert.True(Cells.Width(cropped) <= width);
    }
}
