using Holdfast.Engine.Documents;

namespace Holdfast.ServerTests.Search;

/// <summary>A real source in whose database something happens at the moment at which some of its rows are read again, as by a platform that runs.</summary>
/// <param name="source">The real one.</param>
/// <param name="reading">Before which of these readings, counted from 1.</param>
/// <param name="meddle">What happens.</param>
internal sealed class MeddlingSource(IDocumentSource source, int reading, Func<Task> meddle) : IDocumentSource
{
    private int _readings;

    public string SourceName => source.SourceName;

    public async Task<IDocumentReading> OpenAsync(DocumentQuery query, CancellationToken cancellation) => new Reading(this, await source.OpenAsync(query, cancellation));

    private async Task MeddleAsync()
    {
        if (++_readings == reading) await meddle();
    }

    private sealed class Reading(MeddlingSource owner, IDocumentReading reading) : IDocumentReading
    {
        public Task<long> CountAsync(CancellationToken cancellation) => reading.CountAsync(cancellation);

        public Task<IReadOnlyList<string>> RepeatedIdsAsync(int most, CancellationToken cancellation) => reading.RepeatedIdsAsync(most, cancellation);

        public Task<IDocumentRows> ReadAsync(bool documents, CancellationToken cancellation) => reading.ReadAsync(documents, cancellation);

        public async Task<IDocumentRows> ReadNowAsync(IReadOnlyCollection<string> ids, bool documents, CancellationToken cancellation)
        {
            await owner.MeddleAsync();
            return await reading.ReadNowAsync(ids, documents, cancellation);
        }

        public ValueTask DisposeAsync() => reading.DisposeAsync();
    }
}
